package import Gossip

/// The experiment of the Lifeguard paper (§V): some members cannot send or receive for a while, again and again, and
/// it is counted how often members that nothing is wrong with are taken for dead.
package struct LifeguardExperiment: Sendable {
  package var nodes = 128
  /// Members that are blocked, all at once.
  package var anomalies = 8
  package var blockedMilliseconds: UInt64 = 16_384
  package var pauseMilliseconds: UInt64 = 64
  package var seconds: UInt64 = 120
  package var lossPerMille = 0
  package var lifeguard = Lifeguard.all
  package var seed: UInt64 = 1

  package init() {}

  /// Members that are blocked, for how long, and how long not, in milliseconds: of the paper's range, few and many.
  package static let anomalies: [(Int, UInt64, UInt64)] = [
    (1, 16_384, 64), (4, 8192, 256), (8, 16_384, 64), (16, 32_768, 4), (32, 16_384, 1024),
  ]

  private static let settleSeconds: UInt64 = 30

  private var plan: GossipPlan {
    var plan = GossipPlan(seed: seed)
    plan.nodes = nodes
    plan.faults = []
    plan.isExperiment = true
    plan.lossPerMille = lossPerMille
    plan.duplicatesPerMille = 0
    plan.maximumDelayMicroseconds = 1000
    plan.settings.lifeguard = lifeguard
    // The paper's configuration; without the extension SWIM's time-out is fixed.
    plan.settings.suspicionMultiplier = 5
    return plan
  }

  /// False positives under anomalies.
  package func runAnomalies() throws(GossipFailure) -> GossipMeasures {
    var simulation = GossipSimulation(plan: plan)
    try simulation.advance(to: .zero + .seconds(Self.settleSeconds))
    let end = simulation.now + .seconds(seconds)
    simulation.chooseAnomalous(anomalies)
    while simulation.now < end {
      simulation.block(anomalies, for: .milliseconds(blockedMilliseconds))
      try simulation.advance(to: simulation.now + .milliseconds(blockedMilliseconds + pauseMilliseconds))
    }
    return simulation.finish()
  }

  /// Detection of crashes, one after the other.
  package func runCrashes(_ count: Int) throws(GossipFailure) -> GossipMeasures {
    var simulation = GossipSimulation(plan: plan)
    try simulation.advance(to: .zero + .seconds(Self.settleSeconds))
    for index in 0..<count {
      try simulation.begin(.crash(node: index * nodes / max(count, 1)))
      try simulation.advance(to: simulation.now + .seconds(60))
    }
    return simulation.finish()
  }
}

extension GossipSimulation {
  /// The first so many: members are alike.
  mutating func chooseAnomalous(_ count: Int) {
    for index in nodes.indices { nodes[index].disturbedUntil = now }
    for index in nodes.indices.prefix(count) { nodes[index].disturbedUntil = VirtualTime(nanoseconds: .max) }
  }

  mutating func block(_ count: Int, for time: UInt64) {
    for index in nodes.indices.prefix(count) {
      nodes[index].blockedUntil = now + time
      queue.push(.unblock(node: index), at: now + time)
    }
  }
}
