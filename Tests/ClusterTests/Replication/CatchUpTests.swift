import Foundation
import TestSupport
import Testing

extension ReplicationTests {
  /// How a node gets what it missed.
  @Suite(.enabled(if: GoProgram.isBuildable, "\(GoProgram.requirement)"))
  struct CatchUpTests {
    @Test("a follower that was down for many records gets them in few messages")
    func batches() async throws {
      let directory = try TemporaryDirectory()
      let history = directory.file("history")
      try await LogdCluster.with(3) { cluster in
        let load = try await ClusterLoad.produce(cluster, history: history, place: .loopback)
        try await load.acknowledges(more: 100)
        let leader = try await cluster.leader()
        let follower = cluster.others(than: leader)[0]
        try await follower.crash()
        try await load.acknowledges(more: 5_000)
        #expect(try await load.stop().failedCalls == 0)
        try await cluster.restart(follower)
        try await ClientPlace.loopback.expectKept(
          ["verify", "--addrs", cluster.addresses, "--history", history], "after the follower's return")
        let messages = try await follower.metric("proglog_peer_received_messages_total{lane=\"data\"}")
        #expect(messages > 0 && messages < 100, "5000 records in a thousand entries came in \(messages) messages")
      }
    }

    @Test("a follower that needs what retention removed gets the log's start, and then has the same records")
    func snapshot() async throws {
      let directory = try TemporaryDirectory()
      let arguments = [
        "--max-store-bytes", "64KiB", "--max-record-bytes", "1KiB", "--retention-bytes", "192KiB",
        "--retention-interval", "20ms",
      ]
      try await LogdCluster.with(3, arguments: arguments) { cluster in
        let load = try await ClusterLoad.produce(cluster, history: directory.file("history"), place: .loopback)
        try await load.acknowledges(more: 100)
        let leader = try await cluster.leader()
        let follower = cluster.others(than: leader)[0]
        let end = try await follower.metric("proglog_log_end_offset")
        try await follower.crash()
        try await eventually("what the follower lacks is removed") { () -> Void? in
          try await cluster.leader().metric("proglog_log_start_offset") > end + 1_000 ? () : nil
        }
        #expect(try await load.stop().failedCalls == 0)
        try await cluster.restart(follower)
        try await eventually("the follower has the start of the leader's log") { () -> Void? in
          try await follower.metric("proglog_raft_snapshots_installed_total") >= 1 ? () : nil
        }
        try await expectEqualLogs(cluster)
      }
    }

    /// Reads all replicas from their common start.
    private func expectEqualLogs(_ cluster: LogdCluster) async throws {
      let extents = try await commonExtent(cluster)
      var logs: Set<String> = []
      for node in cluster.nodes {
        let read = try await run(
          Products.path("logctl"),
          ["consume", "--addr", node.rpcAddress, "--from", "\(extents[0])", "--format", "json"])
        #expect(read.status == 0, "\(read.errors)")
        #expect(read.output.split(separator: "\n").count == extents[1] - extents[0])
        logs.insert(read.output)
      }
      #expect(logs.count == 1, "the replicas' records differ")
    }

    private func commonExtent(_ cluster: LogdCluster) async throws -> [Int] {
      var extents: [[Int]] = []
      do {
        return try await eventually("all replicas start and end at the same offsets") {
          extents = []
          for node in cluster.nodes {
            extents.append([
              try await node.metric("proglog_log_start_offset"), try await node.metric("proglog_log_end_offset"),
            ])
          }
          return Set(extents).count == 1 ? extents[0] : nil
        }
      } catch {
        throw NeverHappened(description: "\(error): the replicas are at \(extents)")
      }
    }

    @Test(
      "when all nodes crash at once, everything acknowledged is there after their restart", .timeLimit(.minutes(10)))
    func restartOfAll() async throws {
      let directory = try TemporaryDirectory()
      let history = directory.file("history")
      try await LogdCluster.with(3) { cluster in
        let load = try await ClusterLoad.produce(cluster, history: history, place: .loopback)
        try await load.acknowledges(more: 500)
        for node in cluster.nodes { node.send(SIGKILL) }
        for node in cluster.nodes { try await node.crash() }
        for node in cluster.nodes { try await node.start([]) }
        try await load.acknowledges(more: 500)
        #expect(try await load.stop().failedCalls == 0)
        try await ClientPlace.loopback.expectKept(
          ["verify", "--addrs", cluster.addresses, "--history", history], "after the restart")
      }
    }
  }
}
