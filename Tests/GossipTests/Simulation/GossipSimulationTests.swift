import Gossip
import Simulation
import Testing

@Suite("Gossip: simulated clusters")
struct GossipSimulationTests {
  @Test("seeds", arguments: Array(stride(from: UInt64(1), to: 61, by: 10)))
  func seeds(first: UInt64) throws {
    for seed in first..<first + 10 {
      // A failure names its seed; the same seed is the same run.
      var simulation = GossipSimulation(plan: GossipPlan(seed: seed, maximumNodes: 8))
      _ = try simulation.run()
    }
  }

  @Test("a seed is replayed exactly")
  func replay() throws {
    let fingerprints = try (0..<2).map { _ in
      var simulation = GossipSimulation(plan: GossipPlan(seed: 7, maximumNodes: 8))
      return try simulation.run().fingerprint
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
    for seed in UInt64(1)...100 where found == nil {
      var plan = GossipPlan(seed: seed, maximumNodes: 8)
      plan.settings.plantedDefects = [defect]
      var simulation = GossipSimulation(plan: plan)
      do { _ = try simulation.run() } catch let failure as GossipFailure { found = failure.check } catch {}
    }
    #expect(found.map(checks.contains) ?? false, "\(defect) was found by \(found?.rawValue ?? "nothing")")
  }
  #endif
}
