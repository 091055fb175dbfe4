import Foundation
import TestSupport
import Testing

/// A ProgLog's life on a real cluster: real API server, real pods, real volumes.
@Suite(.serialized, .enabled(if: Cluster.isAvailable, "needs the cluster that `make test` starts"))
struct LifecycleTests {
  @Test("a ProgLog becomes Ready, keeps its records when its pod is deleted, and rolls out a changed spec")
  func lifecycle() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("lifecycle") { namespace in
      let log = ProgLogResource(namespace: namespace)
      try await log.apply()
      try await log.becomesReady()
      try await log.produce(["one", "two", "three"])
      #expect(try await log.consume(3) == ["one", "two", "three"])

      let first = try await log.podUID()
      try await Cluster.kubectl("delete", "pod", "\(log.name)-0", "-n", namespace)
      try await log.becomesReady()
      #expect(try await log.consume(3) == ["one", "two", "three"])
      let second = try await log.podUID()
      #expect(second != first)

      try await log.patch(#"{"spec":{"logLevel":"debug"}}"#)
      try await eventually("the pod runs with the new settings") { () -> Void? in
        guard let uid = try await log.podUID(), uid != second else { return nil }
        let logs = try await Cluster.tryKubectl(["logs", "\(log.name)-0", "-n", namespace]).output
        return logs.contains(#""msg":"serving""#) ? () : nil
      }
      try await log.becomesReady()
      let config = try await Cluster.kubectl("get", "configmap", "\(log.name)-config", "-n", namespace, "-o", "yaml")
      #expect(config.contains("log-level: debug"), "\(config)")
      #expect(try await log.consume(3) == ["one", "two", "three"])
    }
  }

  @Test(
    "deleting a ProgLog leaves its claims, or nothing, as spec.storage.retention says", arguments: ["Retain", "Delete"])
  func deletion(policy: String) async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("deletion") { namespace in
      let log = ProgLogResource(namespace: namespace)
      let spec = ["storage": ["retention": ["whenDeleted": policy]]]
      try await log.apply(spec: spec)
      try await log.becomesReady()
      try await log.produce(["kept"])
      try await Cluster.kubectl("delete", "plog", log.name, "-n", namespace)
      try await eventually("everything that it owned is gone") { () -> Void? in
        let left = try await Cluster.kubectl(
          "get", "sts,pods,svc,cm", "-n", namespace, "-l", "app.kubernetes.io/instance=\(log.name)", "-o", "name")
        return left.isEmpty ? () : nil
      }
      if policy == "Retain" {
        #expect(try await Cluster.get("pvc", "data-\(log.name)-0", in: namespace) != nil)
        try await log.apply(spec: spec)
        try await log.becomesReady()
        #expect(try await log.consume(1) == ["kept"])
      } else {
        try await eventually("its claim is gone") { () -> Void? in
          try await Cluster.get("pvc", "data-\(log.name)-0", in: namespace) == nil ? () : nil
        }
      }
    }
  }

  @Test("an operator that is killed again and again still converges")
  func killedOperator() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("killed") { namespace in
      let logs = (0..<3).map { ProgLogResource(namespace: namespace, name: "log-\($0)") }
      for log in logs {
        try await log.apply(spec: ["access": ["type": "ClusterIP"]])
        try await Cluster.killOperator()
      }
      for log in logs { try await log.becomesReady() }
    }
  }

  @Test(
    "a converged operator sends no write", .enabled(if: Cluster.auditLog != nil, "needs the API server's audit log"))
  func converged() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("converged") { namespace in
      let logs = (0..<2).map { ProgLogResource(namespace: namespace, name: "log-\($0)") }
      for log in logs { try await log.apply() }
      for log in logs {
        try await log.becomesReady()
        _ = try await log.loadBalancerAddress()
      }
      // A fresh operator looks at everything anew. What it does until it has reconciled each of them is what it does
      // to a converged cluster: nothing.
      try await Cluster.settled(namespace)
      let before = try Cluster.operatorWrites(in: namespace)
      #expect(before > 0, "the audit log shows what the operator wrote to get here")
      try await Cluster.killOperator()
      try await Cluster.operatorReconciles(logs.count)
      try await Cluster.settled(namespace)
      #expect(try Cluster.operatorWrites(in: namespace) == before)
    }
  }
}
