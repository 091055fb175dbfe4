import Foundation
import TestSupport
import Testing

/// What the operator does when there is nothing to do, and when others meddle.
@Suite(.serialized, .enabled(if: Cluster.isAvailable, "\(Cluster.reason)"))
struct ConvergedTests {
  /// Informers relist, Leases are renewed and servers are asked in this time; none of it may become a write.
  private static let quietTime = Duration.seconds(60)

  @Test(
    "for a minute nothing is written about logs that are as they should be, not even by a new operator",
    .enabled(if: Cluster.auditLog != nil, "needs the API server's audit log"))
  func silence() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("converged") { namespace in
      let logs = try (0..<2).map { try ProgLogResource(namespace: namespace, name: "log-\($0)") }
      for log in logs { try await log.apply() }
      for log in logs { try await log.converges() }
      try await Cluster.settled(namespace)
      let before = try AuditLog(since: Cluster.start).writes(to: namespace).count
      #expect(before > 0, "the audit log shows what the operator wrote to get here")
      let start = ContinuousClock.now
      try await logs[0].produce(["records", "are", "no", "news"])
      try await Cluster.operatorTurn.whileMine {
        try await Cluster.killOperator()
        try await Cluster.operatorReconciles(logs.count)
      }
      try await Cluster.eventually("a minute is over", within: Self.quietTime * 2) {
        start.duration(to: .now) > Self.quietTime ? () : nil
      }
      let writes = try AuditLog(since: Cluster.start).writes(to: namespace).dropFirst(before)
      #expect(writes.isEmpty, "\(writes.map { "\($0.verb) \($0.resource) \($0.objectRef?.name ?? "")" })")
    }
  }

  @Test("what others change is put back, and what others own is left alone until it is out of the way")
  func meddling() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("meddling") { namespace in
      let log = try ProgLogResource(namespace: namespace)
      try await Cluster.kubectl("create", "service", "clusterip", "\(log.name)-0", "--tcp=80:80", "-n", namespace)
      let foreign = try await service(log)
      try await log.apply()
      let message = try await log.hasCondition("Degraded", reason: "NotOwned")
      #expect(message.contains("Service \(log.name)-0"), "\(message)")
      #expect(try await service(log) == foreign)
      #expect(try await Cluster.get("statefulset", log.name, in: namespace) == nil)
      try await Cluster.kubectl("delete", "service", "\(log.name)-0", "-n", namespace)
      try await log.converges()

      let pods = try await log.pods()
      try await Cluster.kubectl(
        "patch", "service", log.name, "-n", namespace, "-p",
        #"{"metadata":{"labels":{"example.org/a":"kept"}},"spec":{"selector":{"app.kubernetes.io/instance":"other"}}}"#
      )
      try await Cluster.eventually("the selector is put back") { () -> Void? in
        let selector = try await Cluster.kubectl(
          "get", "service", log.name, "-n", namespace, "-o",
          #"jsonpath={.spec.selector.app\.kubernetes\.io/instance} {.metadata.labels.example\.org/a}"#)
        return selector == "\(log.name) kept" ? () : nil
      }
      try await log.converges()
      #expect(try await log.pods() == pods)
    }
  }

  private func service(_ log: ProgLogResource) async throws -> String {
    try await Cluster.kubectl(
      "get", "service", "\(log.name)-0", "-n", log.namespace, "-o",
      "jsonpath={.metadata.uid} {.metadata.resourceVersion}")
  }
}
