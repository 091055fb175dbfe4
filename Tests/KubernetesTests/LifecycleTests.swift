import Foundation
import TestSupport
import Testing

/// Beginnings and ends of ProgLogs on a real cluster; TransitionTests have what is between.
@Suite(.serialized, .enabled(if: Cluster.isAvailable, "needs the cluster that `make test` starts"))
struct LifecycleTests {
  @Test(
    "deleting a ProgLog leaves its claims, or nothing, as spec.storage.retention says", arguments: ["Retain", "Delete"])
  func deletion(policy: String) async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("deletion") { namespace in
      let log = try ProgLogResource(namespace: namespace)
      let spec = ["storage": ["retention": ["whenDeleted": policy]]]
      try await log.apply(spec: spec)
      try await log.becomesReady()
      try await log.produce(["kept"])
      try await Cluster.kubectl("delete", "plog", log.name, "-n", namespace)
      try await Cluster.eventually("everything that it owned is gone") { () -> Void? in
        let left = try await Cluster.kubectl(
          "get", "sts,pods,svc,cm,secrets", "-n", namespace, "-l", "app.kubernetes.io/instance=\(log.name)", "-o",
          "name")
        return left.isEmpty ? () : nil
      }
      if policy == "Retain" {
        #expect(try await Cluster.get("pvc", "data-\(log.name)-0", in: namespace) != nil)
        try await log.apply(spec: spec)
        try await log.becomesReady()
        #expect(try await log.consume(1) == ["kept"])
      } else {
        try await Cluster.eventually("its claim is gone") { () -> Void? in
          try await Cluster.get("pvc", "data-\(log.name)-0", in: namespace) == nil ? () : nil
        }
      }
    }
  }

  @Test("an operator that is killed again and again still converges")
  func killedOperator() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("killed") { namespace in
      let logs = try (0..<3).map { try ProgLogResource(namespace: namespace, name: "log-\($0)") }
      try await Cluster.operatorTurn.whileMine {
        for log in logs {
          try await log.apply(spec: ["access": ["type": "ClusterIP"]])
          try await Cluster.killOperator()
        }
      }
      for log in logs { try await log.converges() }
    }
  }
}
