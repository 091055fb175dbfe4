import FoundationEssentials
import Testing

@testable import Operator

/// Random traces of the planner: see docs/testing.md.
@Suite struct TraceTests {
  /// `PROGLOG_OPERATOR_SEEDS=1000` runs so many; `PROGLOG_OPERATOR_SEEDS=42:1` runs seed 42 alone and tells all of it.
  private static let seeds: (first: UInt64, count: UInt64)? = {
    let parts = ProcessInfo.processInfo.environment["PROGLOG_OPERATOR_SEEDS"]?.split(separator: ":").map { UInt64($0) }
    guard let parts, let last = parts.last, let count = last else { return nil }
    return (parts.count == 2 ? (parts[0] ?? 0) : 0, count)
  }()

  private func run(_ count: UInt64, isWide: Bool = false) {
    let (first, count) = Self.seeds ?? (0, count)
    for seed in first..<(first + count) {
      let world = Trace(seed: seed, isWide: isWide).run()
      #expect(
        world.violations == [],
        "seed \(seed); to repeat it: PROGLOG_OPERATOR_SEEDS=\(seed):1 swift test --filter OperatorTests.TraceTests")
      guard !world.violations.isEmpty || count == 1 else { continue }
      for line in Trace(seed: seed, isWide: isWide, isVerbose: true).run().transcript { print(line) }
      if !world.violations.isEmpty { return }
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
