import Foundation
import ProgLogClient
import TestSupport
import Testing

extension ReplicationTests {
  /// What happens to nodes: three of them, under load.
  @Suite(.enabled(if: GoProgram.isBuildable, "\(GoProgram.requirement)"))
  struct FaultTests {
    private enum Kind: String, CaseIterable {
      case killLeader = "kill -9 of the leader"
      case killAny = "kill -9 of a node"
      case pauseLeader = "SIGSTOP of the leader"
      case stopLeader = "SIGTERM of the leader"
      case transfer = "transfer of leadership"
      case wipe = "a node wiped and rejoined"
      case fullDiskOfFollower = "a full disk of a follower"
      case fullDiskOfLeader = "a full disk of the leader"

      var needsSmallDisk: Bool { self == .fullDiskOfFollower || self == .fullDiskOfLeader }
      /// The leader dies, without a word to anybody.
      var isDeath: Bool { self == .killLeader || self == .killAny }
    }

    /// A cluster whose last node is on a disk that can be filled, if that can be had.
    private struct World {
      let cluster: LogdCluster
      let disk: SmallDisk?
      var nodeOnDisk: ClusterNode { cluster.nodes[2] }
    }

    /// Small segments: rolling is under load too.
    private static let arguments = [
      "--max-store-bytes", "1MiB", "--max-index-bytes", "64KiB", "--preallocation-bytes", "64KiB",
      "--max-record-bytes", "64KiB",
    ]
    /// Holds what a cluster takes in all rounds.
    private static let diskBytes = 256 << 20
    /// Of a full disk, in bytes.
    private static let roomLeft = 128 << 10

    @Test("whatever happens to a node, nothing acknowledged is lost or doubled", .timeLimit(.minutes(180)))
    func faults() async throws {
      let seed = ReplicationTests.seed
      var random = SeededGenerator(seed: seed)
      let kinds = Kind.allCases.filter { SmallDisk.isAvailable || !$0.needsSmallDisk }
      let rounds = ReplicationTests.rounds ?? kinds.count
      print("\(rounds) rounds of faults, seed \(seed)")
      var left = rounds
      var deck: [Kind] = []
      var silences: FaultRun.Silences = [:]
      var acknowledged = 0
      while left > 0 {
        let part = min(left, ReplicationTests.roundsOfOneCluster)
        left -= part
        let (more, records) = try await run(part, &deck, of: kinds, &random)
        silences.merge(more) { $0 + $1 }
        acknowledged += records
      }
      report(silences)
      print("seed \(seed): \(acknowledged) records acknowledged, none lost or doubled")
    }

    private func report(_ silences: FaultRun.Silences) {
      for (kind, durations) in silences.sorted(by: { $0.key < $1.key }) { print("\(kind): \(durations.summary)") }
      let deaths = Kind.allCases.filter(\.isDeath).flatMap { silences[$0.rawValue] ?? [] }
      print("from a leader's death to the next acknowledgement: \(deaths.summary)")
      // A debug build on a busy machine is given more time.
      let limit = ReplicationTests.rounds == nil ? Duration.seconds(20) : .seconds(2)
      #expect(deaths.percentile(0.99) <= limit, "seed \(ReplicationTests.seed)")
    }

    /// Rounds on a cluster of their own, each kind as often as any other.
    private func run(
      _ rounds: Int, _ deck: inout [Kind], of kinds: [Kind], _ random: inout SeededGenerator
    ) async throws -> (FaultRun.Silences, Int) {
      let disk = SmallDisk.isAvailable ? try await SmallDisk(bytes: Self.diskBytes) : nil
      var chosen: [Kind] = []
      while chosen.count < rounds {
        if deck.isEmpty { deck = kinds.shuffled(using: &random) }
        chosen.append(deck.removeLast())
      }
      let numbers = chosen.map { _ in Int.random(in: 0..<3, using: &random) }
      let directories = disk.map { [2: "\($0.path)/data"] } ?? [:]
      let result = try await LogdCluster.with(3, directories: directories, arguments: Self.arguments) { cluster in
        let world = World(cluster: cluster, disk: disk)
        let run = try await FaultRun(cluster, from: .loopback)
        for (kind, number) in zip(chosen, numbers) {
          try await run.round(kind.rawValue) { try await cause(kind, cluster.nodes[number], world) }
        }
        try await run.end()
        return (run.silences, run.acknowledged)
      }
      try await disk?.unmount()
      return result
    }

    private func cause(_ kind: Kind, _ node: ClusterNode, _ world: World) async throws -> Fault {
      let cluster = world.cluster
      switch kind {
      case .killLeader: return try await kill(try await cluster.leader(), cluster)
      case .killAny: return try await kill(node, cluster)
      case .pauseLeader: return try await pause(cluster)
      case .stopLeader: return try await stop(cluster)
      case .transfer: return try await transfer(cluster)
      case .wipe: return try await wipe(node, cluster)
      case .fullDiskOfFollower, .fullDiskOfLeader: return try await fill(world, leads: kind == .fullDiskOfLeader)
      }
    }

    private func kill(_ node: ClusterNode, _ cluster: LogdCluster) async throws -> Fault {
      let leader = try await cluster.leader()
      let moment = monotonicNanoseconds()
      try await node.crash()
      if node === leader { _ = try await cluster.leader(among: cluster.others(than: node)) }
      return Fault(leaderLostAt: node === leader ? moment : nil) { try await cluster.restart(node) }
    }

    private func wipe(_ node: ClusterNode, _ cluster: LogdCluster) async throws -> Fault {
      var fault = try await kill(node, cluster)
      try FileManager.default.removeItem(atPath: node.dataDirectory)
      fault.mend = {
        try await cluster.restart(node)
        try await cluster.awaitJoined(node)
      }
      return fault
    }

    /// Until another leads, which takes longer than an election time-out.
    private func pause(_ cluster: LogdCluster) async throws -> Fault {
      let leader = try await cluster.leader()
      let moment = monotonicNanoseconds()
      leader.send(SIGSTOP)
      _ = try await cluster.leader(among: cluster.others(than: leader))
      return Fault(leaderLostAt: moment) { leader.send(SIGCONT) }
    }

    private func stop(_ cluster: LogdCluster) async throws -> Fault {
      let leader = try await cluster.leader()
      let moment = monotonicNanoseconds()
      guard try await leader.stop() == 0 else { throw NeverHappened(description: "\(leader.name) did not end well") }
      return Fault(leaderLostAt: moment) { try await cluster.restart(leader) }
    }

    private func transfer(_ cluster: LogdCluster) async throws -> Fault {
      let leader = try await cluster.leader()
      let moment = monotonicNanoseconds()
      try await cluster.transferLeadership(to: nil)
      _ = try await cluster.leader(among: cluster.others(than: leader))
      return Fault(leaderLostAt: moment) {}
    }

    /// - Parameter leads: whether the node with the small disk is the leader then.
    private func fill(_ world: World, leads: Bool) async throws -> Fault {
      guard let disk = world.disk else { throw NeverHappened(description: "there is no small disk") }
      let node = world.nodeOnDisk
      if (try await world.cluster.leader() === node) != leads {
        try await world.cluster.transferLeadership(to: leads ? node : world.cluster.nodes[0])
      }
      let (refused, returned) = (node.count("the log refuses writes"), node.count("the log has room again"))
      // The load takes the rest.
      try disk.fill(leaving: Self.roomLeft)
      try await eventually("the disk is full") { node.count("the log refuses writes") > refused ? true : nil }
      let moment = monotonicNanoseconds()
      if leads { _ = try await world.cluster.leader(among: world.cluster.others(than: node)) }
      return Fault(leaderLostAt: leads ? moment : nil) {
        try disk.clear()
        try await eventually("there is room again") { node.count("the log has room again") > returned ? true : nil }
      }
    }
  }
}
