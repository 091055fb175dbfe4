import Foundation
import ProgLogClient
import TestSupport
import Testing

extension ReplicationTests {
  @Suite(.enabled(if: GoProgram.isBuildable, "\(GoProgram.requirement)"))
  struct MembershipTests {
    private static let recordsOfPhase = 100

    @Test("three members become five, three, one and three under load, and no call fails")
    func sizes() async throws {
      let directory = try TemporaryDirectory()
      try await LogdCluster.with(3) { cluster in
        let more = (0..<4).map { _ in cluster.makeNode() }
        let history = directory.file("history")
        // All that there ever will be: whoever is asked leads on to the leader.
        let load = try await ClusterLoad.produce(cluster, history: history, place: .loopback)
        try await load.acknowledges(more: Self.recordsOfPhase)

        try await add(more[..<2], to: cluster, load)
        // The leader is among those that go, twice.
        try await remove(try await cluster.leader(), from: cluster, load)
        try await remove(try await anyFollower(cluster), from: cluster, load)
        try await remove(try await anyFollower(cluster), from: cluster, load)
        try await remove(try await cluster.leader(), from: cluster, load)
        #expect(try await members(cluster).count == 1)
        try await add(more[2...], to: cluster, load)
        #expect(try await members(cluster).count == 3)

        let totals = try await load.stop()
        #expect(totals.failedCalls == 0, "\(totals.failedByKind ?? [:])")
        let addresses = cluster.nodes.filter(\.isRunning).map(\.rpcAddress).joined(separator: ",")
        try await ClientPlace.loopback.expectKept(["verify", "--addrs", addresses, "--history", history], "at the end")
      }
    }

    private func add(_ nodes: ArraySlice<ClusterNode>, to cluster: LogdCluster, _ load: ClusterLoad) async throws {
      for node in nodes { try await cluster.restart(node) }
      for node in nodes { try await cluster.awaitJoined(node) }
      try await load.acknowledges(more: Self.recordsOfPhase)
    }

    private func remove(_ node: ClusterNode, from cluster: LogdCluster, _ load: ClusterLoad) async throws {
      try await cluster.remove(node)
      try await load.acknowledges(more: Self.recordsOfPhase)
      try await eventually("\(node.name) says that it is no member") {
        try await node.get("\(node.opsAddress)/readyz").contains("no member") ? true : nil
      }
      #expect(try await node.stop() == 0)
    }

    private func anyFollower(_ cluster: LogdCluster) async throws -> ClusterNode {
      let leader = try await cluster.leader()
      let names = try await members(cluster).map(\.identity.name)
      guard let follower = cluster.nodes.first(where: { $0 !== leader && names.contains($0.name) }) else {
        throw NeverHappened(description: "there is no follower among \(names)")
      }
      return follower
    }

    private func members(_ cluster: LogdCluster) async throws -> [ClusterMember] {
      try await cluster.status(of: try await cluster.leader()).members
    }
  }
}
