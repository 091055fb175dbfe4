import Raft
import Simulation
import Testing

@Suite("Simulated clusters")
struct ClusterSimulationTests {
  /// Short, for a debug build; `make simulate WHAT=cluster` runs long ones by the ten thousand.
  private static let events = 500
  private static let seedsOfOneTest: UInt64 = 100

  @Test("nothing acknowledged is lost or doubled, whatever fails, and a quorum makes progress", arguments: 0..<20)
  func safetyAndLiveness(group: Int) throws {
    let first = UInt64(group) * Self.seedsOfOneTest
    for seed in first..<first + Self.seedsOfOneTest {
      _ = try ClusterSimulation.run(ClusterPlan(seed: seed, events: Self.events))
    }
  }

  @Test("a seed repeats its run, event for event")
  func repetition() throws {
    for seed in 0..<5 as Range<UInt64> {
      let first = Transcript()
      let second = Transcript()
      let plan = ClusterPlan(seed: seed, events: Self.events)
      let one = try ClusterSimulation.run(plan, transcript: first)
      let other = try ClusterSimulation.run(plan, transcript: second)
      #expect(one.fingerprint == other.fingerprint)
      #expect(first.lines == second.lines && first.lines.count > 20)
    }
  }

  @Test("another seed is another run")
  func difference() throws {
    let prints = try (0..<20 as Range<UInt64>).map {
      try ClusterSimulation.run(ClusterPlan(seed: $0, events: Self.events)).fingerprint
    }
    #expect(Set(prints).count == 20)
  }

  @Test("the faults and the rare paths of the core are met")
  func coverage() throws {
    var coverage = Coverage()
    for seed in 5000..<5060 as Range<UInt64> {
      coverage += try ClusterSimulation.run(ClusterPlan(seed: seed, events: Self.events * 2)).coverage
    }
    let rare: [CoveragePoint] = [
      .crash, .pause, .wipe, .hungDisk, .refusedWrite, .bridge, .oneWayPartition, .truncation, .rejection,
      .snapshotInstalled, .transferDone, .preVoteRefused, .checkQuorumStepDown, .deduplicated, .removed, .promoted,
    ]
    for point in rare { #expect(coverage[point] > 0, "\(point.label)") }
  }

  /// Seeds that found them; those whose bug the core's own invariants find first, by ending the process, are left to
  /// `simulate cluster --planted all`.
  @Test(
    "a bug planted in the core is found",
    arguments: [
      PlantedBug.voteForgottenOnStepDown, .voteAnsweredBeforeDurable, .acknowledgedBeforeFlush, .nonVoterCounts,
      .leaderCountsUnflushed, .stalePreVoteCounts, .earlierTermCommittedByCounting, .staleVoteInRaisedTerm,
    ])
  func plantedBug(_ bug: PlantedBug) throws {
    for seed in 0..<100 as Range<UInt64> {
      do throws(ClusterFailure) {
        _ = try ClusterSimulation.run(ClusterPlan(seed: seed, events: Self.events * 2), planting: [bug])
      } catch {
        print("\(bug.rawValue) is found after \(seed + 1) seeds: \(error.check.rawValue)")
        return
      }
    }
    Issue.record("\(bug.rawValue) is not found")
  }
}
