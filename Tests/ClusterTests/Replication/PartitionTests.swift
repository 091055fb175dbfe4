import Foundation
import TestSupport
import Testing

extension ReplicationTests {
  /// What happens between nodes: three of them, each in a network namespace, and their clients in a fourth.
  @Suite(
    .enabled(if: GoProgram.isBuildable, "\(GoProgram.requirement)"),
    .enabled(if: NetworkNamespaces.isAvailable, "\(NetworkNamespaces.requirement)"))
  struct PartitionTests {
    private enum Kind: String, CaseIterable {
      case isolated = "a leader cut off from the others, but not from clients"
      case silent = "a leader whom nobody hears"
      case deaf = "a leader who hears nobody"
      case unreachable = "a leader whom nobody hears, clients neither"
      case bridge = "two nodes that hear the third only"
    }

    private static let clientHost = 3

    @Test("whatever is cut between nodes, nothing acknowledged is lost or doubled", .timeLimit(.minutes(180)))
    func partitions() async throws {
      let seed = ReplicationTests.seed
      var random = SeededGenerator(seed: seed)
      let rounds = ReplicationTests.rounds ?? Kind.allCases.count
      print("\(rounds) rounds of partitions, seed \(seed)")
      var kinds: [Kind] = []
      while kinds.count < rounds { kinds += Kind.allCases.shuffled(using: &random) }
      kinds = Array(kinds.prefix(rounds))
      var silences: FaultRun.Silences = [:]
      while !kinds.isEmpty {
        let part = kinds.prefix(ReplicationTests.roundsOfOneCluster)
        kinds = Array(kinds.dropFirst(part.count))
        silences.merge(try await run(Array(part))) { $0 + $1 }
      }
      for (kind, durations) in silences.sorted(by: { $0.key < $1.key }) { print("\(kind): \(durations.summary)") }
    }

    private func run(_ kinds: [Kind]) async throws -> FaultRun.Silences {
      try await NetworkNamespaces.with(4) { network in
        try await LogdCluster.with(3, in: network) { cluster in
          let run = try await FaultRun(cluster, from: .network(network, host: Self.clientHost))
          for kind in kinds {
            try await run.round(kind.rawValue) { try await cause(kind, cluster, network) }
          }
          try await run.end()
          return run.silences
        }
      }
    }

    private func cause(_ kind: Kind, _ cluster: LogdCluster, _ network: NetworkNamespaces) async throws -> Fault {
      let leader = try await cluster.leader()
      let others = cluster.others(than: leader)
      let (cutOff, rest) = (cluster.number(of: leader), others.map { cluster.number(of: $0) })
      let moment = monotonicNanoseconds()
      switch kind {
      case .isolated: for other in rest { try await network.cut(cutOff, other) }
      case .silent: for other in rest { try await network.cut(from: cutOff, to: other) }
      case .deaf: for other in rest { try await network.cut(from: other, to: cutOff) }
      case .unreachable: for other in rest + [Self.clientHost] { try await network.cut(from: cutOff, to: other) }
      case .bridge: try await network.cut(cutOff, rest[0])
      }
      // Across a bridge there is a leader all the time: the one of before, or another that a quorum hears.
      if kind != .bridge { _ = try await cluster.leader(among: others) }
      return Fault(leaderLostAt: moment) { try await network.heal() }
    }
  }
}
