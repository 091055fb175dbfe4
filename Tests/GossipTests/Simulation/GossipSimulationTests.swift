import Gossip
import Simulation
import Testing

@Suite("Gossip: simulated clusters")
struct GossipSimulationTests {
  @Test("seeds", arguments: Array(stride(from: UInt64(1), to: 31, by: 10)))
  func seeds(first: UInt64) throws {
    for seed in first..<first + 10 {
      // A failure names its seed; the same seed is the same run.
      _ = try GossipSimulation.run(GossipPlan(seed: seed, maximumNodes: 8))
    }
  }

  @Test("a seed is replayed exactly")
  func replay() throws {
    let fingerprints = try (0..<2).map { _ in
      try GossipSimulation.run(GossipPlan(seed: 7, maximumNodes: 8)).fingerprint
    }
    #expect(fingerprints[0] == fingerprints[1])
  }

  #if PLANTED_BUGS
  /// With the first seed, among few, that finds it.
  static let defects: [(GossipDefect, Set<GossipCheck>)] = [
    (.noRefutation, [.falseFailure, .convergence]),
    (.noSuspicion, [.falseFailure]),
    (.noConfirmations, [.detection]),
    (.oldIncarnationRevives, [.resurrection, .incarnations]),
    (.refutationNotRaised, [.falseFailure, .convergence]),
    (.leaveIsFailure, [.leave]),
    (.mergedDeathCounts, [.exchange]),
    (.conflictTakesOver, [.names]),
    (.unlimitedTransmissions, [.quiet]),
    (.noReconnect, [.convergence]),
  ]

  @Test("a mistake made on purpose is found by the check that is for it", arguments: defects)
  func planted(defect: GossipDefect, checks: Set<GossipCheck>) {
    var found: GossipCheck?
    for seed in UInt64(1)...60 where found == nil {
      var plan = GossipPlan(seed: seed, maximumNodes: 8)
      plan.settings.plantedDefects = [defect]
      do throws(GossipFailure) { _ = try GossipSimulation.run(plan) } catch { found = error.check }
    }
    #expect(found.map(checks.contains) ?? false, "\(defect) was found by \(found?.rawValue ?? "nothing")")
  }
  #endif
}
