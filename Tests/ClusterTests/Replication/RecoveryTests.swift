import Foundation
import ProgLogClient
import TestSupport
import Testing

extension ReplicationTests {
  /// Most voters are lost for good.
  @Suite struct RecoveryTests {
    private static let patience = ["--timeout", "60"]

    @Test("the last of three goes on with all its records; the old ones are strangers to it, new ones join")
    func lastOfThree() async throws {
      try await LogdCluster.with(3) { cluster in
        let last = cluster.nodes[2]
        let address = try NodeAddress(parsing: last.rpcAddress)
        let before = try await produce(1...50, last)
        #expect(before == 50)
        let lives = try await recover(last, try await clusterID(of: last, cluster))
        #expect(lives.status != 0 && lives.errors.contains("hears a leader") || lives.errors.contains("leads"))

        let lost = cluster.others(than: last)
        let old = try await clusterID(of: last, cluster)
        // What the others acknowledged has come here before they are gone.
        try await eventually("\(last.name) has all records") {
          try await cluster.status(of: last).endOffset == 50 ? () : nil
        }
        for node in lost { try await node.crash() }
        let wrong = try await recover(last, "nonsense")
        #expect(wrong.status != 0 && wrong.errors.contains("in cluster \(old) and not in nonsense"), "\(wrong.errors)")
        try await eventually("the order is taken") {
          let answer = try await recover(last, old)
          guard answer.status == 0 else { return Optional<Void>.none }
          #expect(answer.output.contains("cluster \(old) is given up"), "\(answer.output)")
          #expect(answer.output.contains("offsets 0 up to but not 50"), "\(answer.output)")
          return ()
        }
        let report = try await cluster.status(of: last)
        #expect(
          report.clusterID != old && report.state == .leader && report.members.map(\.identity.name) == [last.name])

        #expect(try await produce(51...60, last) == 10)
        try await expectRecords(60, at: address)
        try await expectStrangers(lost[0], last, cluster)
        try await restart(last, cluster)
        try await join(cluster, last)
      }
    }

    /// A node of the old cluster that comes back after all.
    private func expectStrangers(_ node: ClusterNode, _ last: ClusterNode, _ cluster: LogdCluster) async throws {
      try await node.start([])
      try await eventually("\(node.name) is refused") {
        try await last.metric(Self.refusals) > 0 || node.log.contains("it belongs to another cluster") ? () : nil
      }
      #expect(try await cluster.status(of: last).members.map(\.identity.name) == [last.name])
      #expect(try await cluster.status(of: node).leaderName == nil)
      try await node.crash()
    }

    private static let refusals =
      #"proglog_peer_refused_handshakes_total{direction="accepted",reason="other_cluster"}"#

    private func restart(_ last: ClusterNode, _ cluster: LogdCluster) async throws {
      let id = try await cluster.status(of: last).clusterID
      try await last.crash()
      try await last.start([])
      try await last.awaitServing()
      #expect(try await cluster.status(of: last).clusterID == id)
    }

    /// Two with empty disks join: the log that they copy begins with what the old cluster was.
    private func join(_ cluster: LogdCluster, _ last: ClusterNode) async throws {
      for _ in 0..<2 {
        let node = cluster.makeNode()
        try await node.start(["--start-join-addrs", last.rpcAddress])
        try await node.awaitServing()
      }
      let new = cluster.nodes.suffix(2)
      for node in new { try await cluster.awaitJoined(node) }
      // A restart goes by what was noted, not by the first entries of the log.
      for node in new {
        try await node.crash()
        try await node.start([])
        try await node.awaitServing()
      }
      #expect(try await produce(61...65, last) == 5)
      for node in new {
        try await eventually("\(node.name) has all records") {
          try await cluster.status(of: node).endOffset == 65 ? () : nil
        }
        #expect(try await cluster.status(of: node).clusterID == cluster.status(of: last).clusterID)
        try await expectRecords(65, at: try NodeAddress(parsing: node.rpcAddress))
      }
    }

    // MARK: Commands

    private func recover(
      _ node: ClusterNode, _ id: String
    ) async throws -> (status: Int32, output: String, errors: String) {
      try await run(
        Products.path("logctl"),
        ["cluster", "recover", "--addr", node.rpcAddress, "--cluster-id", id] + Self.patience)
    }

    private func clusterID(of node: ClusterNode, _ cluster: LogdCluster) async throws -> String {
      try #require(try await cluster.status(of: node).clusterID)
    }

    /// - Returns: how many were acknowledged.
    private func produce(_ values: ClosedRange<Int>, _ node: ClusterNode) async throws -> Int {
      let seed = try NodeAddress(parsing: node.rpcAddress)
      var configuration = ClientConfiguration(seeds: [seed])
      configuration.timeout = .seconds(60)
      var count = 0
      try await ProgLogClient.withClient(configuration) { client in
        for value in values {
          _ = try await client.produce(Array("\(value)".utf8))
          count += 1
        }
      }
      return count
    }

    private func expectRecords(_ count: Int, at address: NodeAddress) async throws {
      let result = try await run(
        Products.path("logctl"),
        ["consume", "--addr", "\(address)", "--from", "0", "--limit", "\(count)"] + Self.patience)
      #expect(result.output == (1...count).map { "\($0)\n" }.joined(), "\(result.output)\(result.errors)")
    }
  }
}
