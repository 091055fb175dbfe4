import Testing

@testable import Operator

/// Random traces of the planner: see docs/testing.md. `make simulate WHAT=operator` runs as many as one likes.
@Suite struct TraceTests {
  private func run(_ count: UInt64, isWide: Bool = false) {
    for seed in 0..<count {
      let world = Trace(seed: seed, isWide: isWide).run()
      #expect(
        world.violations == [],
        "replay it with: make simulate WHAT=operator SEEDS=1 FIRST=\(seed)\(isWide ? " (--wide)" : "")")
      guard !world.violations.isEmpty else { continue }
      for line in Trace(seed: seed, isWide: isWide, isVerbose: true).run().transcript { print(line) }
      return
    }
  }

  @Test("whatever happens, the plan costs the log nothing, and comes to its end once all is well")
  func traces() { run(40) }

  @Test("the same with names of two digits")
  func wide() { run(4, isWide: true) }

  /// Those that show most often among twelve servers.
  private static let wideMistakes: [TraceMistake] = [
    .scalesDownAtOnce, .removesByListOrder, .deletesClaimBeforeRemoval, .removesLeader,
  ]
  private static let narrowMistakes: [TraceMistake] = [
    .takesMissingPodForIntent, .removesSilentMember, .restartsWithoutQuorum, .restartsSeveral, .bootstrapsEmptyDisk,
    .ignoresChangeInFlight,
  ]

  @Test("each planted mistake is found", arguments: wideMistakes + narrowMistakes)
  func planted(mistake: TraceMistake) {
    let isWide = Self.wideMistakes.contains(mistake)
    let found = (0..<60).first { !Trace(seed: $0, mistake: mistake, isWide: isWide).run().violations.isEmpty }
    #expect(found != nil)
  }
}
