import Foundation
import TestSupport
import Testing

/// Real nodes on a network that loses packets.
@Suite(
  .enabled(if: NetworkNamespaces.isAvailable, "\(NetworkNamespaces.requirement)"), .timeLimit(.minutes(10)))
struct LossTests {
  private static let loss = 0.1
  /// Probes of each node in which nobody is to be taken for dead: each goes to another member, once a second.
  private static let probes = 10

  @Test(
    "of five nodes that lose a tenth of all packets none is taken for dead, but for one that is stopped, until it is back"
  )
  func stopped() async throws {
    let security = try await ClusterSecurity()
    try await NetworkNamespaces.with(5) { network in
      try await LogdCluster.with(5, in: network, security: security) { cluster in
        try await network.lose(Self.loss)
        for node in cluster.nodes { try await probe(node) }
        for node in cluster.nodes { #expect(node.count("member failed") == 0, "\(node.story)") }

        let victim = try await cluster.leader()
        let others = cluster.others(than: victim)
        victim.send(SIGSTOP)
        for node in others {
          try await eventually("\(node.name) sees that \(victim.name) failed") {
            node.count("member failed") > 0 ? () : nil
          }
        }
        victim.send(SIGCONT)
        for node in others {
          try await eventually("\(node.name) sees \(victim.name) again") {
            try await node.metric("proglog_gossip_members{status=\"alive\"}") == 5 ? () : nil
          }
        }
        // Who was stopped does not take the others for dead because it heard nothing meanwhile.
        #expect(victim.count("member failed") == 0, "\(victim.story)")
        // None of this is a reason to change who votes.
        for node in cluster.nodes { #expect(node.members.names.count == 5 && node.members.allVote) }
        try await network.heal()
      }
    }
  }

  private func probe(_ node: ClusterNode) async throws {
    let wanted = try await node.metric("proglog_gossip_probes_total") + Self.probes
    try await eventually("\(node.name) has probed") {
      try await node.metric("proglog_gossip_probes_total") >= wanted ? () : nil
    }
  }
}
