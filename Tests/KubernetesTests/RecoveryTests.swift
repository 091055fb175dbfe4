import Foundation
import TestSupport
import Testing

/// The one thing that the operator does not do by itself: going on without the volumes of a quorum.
@Suite(
  .serialized, .enabled(if: Cluster.isAvailable, "\(Cluster.reason)"),
  .enabled(if: GoProgram.isBuildable, "\(GoProgram.requirement)"))
struct RecoveryTests {
  private static let annotation = "proglog.io/recover"

  @Test("a log that lost two of its three volumes for good goes on from the third, by the token alone")
  func lostQuorum() async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("recovery") { namespace in
      let log = try ProgLogResource(namespace: namespace)
      try await log.apply(spec: ["replicas": 3])
      try await log.converges()
      // Whoever leads has all that was acknowledged, so that nothing may be missing in the end.
      let survivor = try await log.leader()
      let lost = Set((0..<3).map { "\(log.name)-\($0)" }).subtracting([survivor])
      let before = try await log.status()
      var load = try LoadedLog(log)
      try await load.goes(through: "the loss of two of three volumes", restarting: .only(lost)) {
        try await lose(lost, log)
        let recovery = try await isHeldBack(log, clusterID: before["clusterID"] as? String)
        #expect(recovery["survivor"] as? String == survivor)
        try await annotate(try #require(recovery["token"] as? String), log)
      }
      let status = try await log.status()
      let done = try #require(status["lastRecovery"] as? [String: Any])
      #expect(done["survivor"] as? String == survivor)
      #expect((done["lostAfter"] as? Int ?? 0) > 0)
      #expect(done["abandonedClusterID"] as? String == before["clusterID"] as? String)
      #expect(done["clusterID"] as? String == status["clusterID"] as? String)
      #expect(status["recovery"] == nil)
      let members = status["members"] as? [[String: Any]] ?? []
      #expect(members.map { $0["role"] as? String } == ["voter", "voter", "voter"])
      try await load.goes(through: "a restart after it", restarting: .all) {
        try await log.patch(#"{"spec":{"logLevel":"debug"}}"#)
      }
    }
  }

  /// As when two nodes are gone: nobody waits for what ran on them.
  private func lose(_ pods: Set<String>, _ log: ProgLogResource) async throws {
    for pod in pods.sorted() {
      try await Cluster.kubectl("delete", "pvc", "data-\(pod)", "-n", log.namespace, "--wait=false")
    }
    let result = try await Cluster.tryKubectl(
      ["delete", "pod", "-n", log.namespace, "--grace-period=0", "--force"] + pods.sorted())
    #expect(result.status == 0, "\(result.errors)")
  }

  /// Waits until the operator says what it needs to go on, and that another word will not do.
  /// - Returns: `status.recovery`.
  private func isHeldBack(_ log: ProgLogResource, clusterID: String?) async throws -> [String: Any] {
    let message = try await log.hasCondition("Ready", reason: "QuorumLost")
    #expect(message.contains("1 of 3 voters answer and a quorum is 2"), "\(message)")
    try await Cluster.settled(log.namespace)
    try await annotate("yes", log)
    try await Cluster.eventually("the operator says that this is not the token") { () -> Void? in
      let message = try await log.hasCondition("Ready", reason: "QuorumLost")
      return message.contains("is not the token") ? () : nil
    }
    try await Cluster.settled(log.namespace)
    let status = try await log.status()
    #expect(status["clusterID"] as? String == clusterID)
    return try #require(status["recovery"] as? [String: Any])
  }

  private func annotate(_ token: String, _ log: ProgLogResource) async throws {
    try await Cluster.kubectl(
      "annotate", "plog", log.name, "-n", log.namespace, "--overwrite", "\(Self.annotation)=\(token)")
  }
}
