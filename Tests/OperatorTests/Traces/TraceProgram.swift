#if TRACE_PROGRAM
import ArgumentParser
import Foundation
import Synchronization

@testable import Operator

/// The traces as a program of its own: `make simulate WHAT=operator`.
///
/// Not asynchronous: Swift 6.3 gives the entry point of that a name that the operator's has too, and the linker takes one.
@main struct TraceProgram: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "OperatorTraces", abstract: "Runs the operator's planner through random trouble.",
    discussion: """
      A seed in which the plan breaks a promise, or does not come to its end, is printed, and the status is then 1. \
      --seed shows one with a transcript; --planted shows that mistakes are found. See docs/testing.md.
      """)

  @Option(help: "Seeds to run.")
  var seeds: UInt64 = 10_000

  @Option(help: "The first seed.")
  var first: UInt64 = 0

  @Option(help: "Run this seed alone, with a transcript.")
  var seed: UInt64?

  @Flag(help: "Twelve servers, of which the spec keeps nine: names of two digits.")
  var wide = false

  @Option(help: "Plant this mistake, or 'all' of them one after the other, and count the seeds that find it.")
  var planted: String?

  @Option(help: "Seeds at the same time.")
  var jobs = ProcessInfo.processInfo.activeProcessorCount

  func run() throws {
    if let seed { return try replay(seed) }
    guard let planted else {
      let findings = Campaign(first: first, count: seeds, isWide: wide, mistake: nil).run(jobs: jobs)
      guard findings.isEmpty else { throw ExitCode.failure }
      return
    }
    let mistakes = TraceMistake.allCases.filter { planted == "all" || $0.rawValue == planted }
    guard !mistakes.isEmpty else {
      let names = TraceMistake.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("there is no mistake '\(planted)'; there are: \(names)")
    }
    for mistake in mistakes {
      let findings = Campaign(first: first, count: seeds, isWide: wide, mistake: mistake).run(jobs: jobs)
      print("\(mistake.rawValue): \(findings.count) of \(seeds), first \(findings.min().map { "\($0)" } ?? "none")")
    }
  }

  private func replay(_ seed: UInt64) throws {
    let world = Trace(
      seed: seed, mistake: planted.flatMap { TraceMistake(rawValue: $0) }, isWide: wide, isVerbose: true
    ).run()
    for line in world.transcript { print(line) }
    for violation in world.violations { print("VIOLATED: \(violation)") }
    guard world.violations.isEmpty else { throw ExitCode.failure }
  }
}

/// Many seeds, several at the same time.
private final class Campaign: Sendable {
  private static let reportInterval = Duration.seconds(30)

  private struct State {
    var next: UInt64
    var done: UInt64 = 0
    var findings: [UInt64] = []
    var reported = ContinuousClock.now
  }

  private let first: UInt64
  private let count: UInt64
  private let isWide: Bool
  private let mistake: TraceMistake?
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  init(first: UInt64, count: UInt64, isWide: Bool, mistake: TraceMistake?) {
    (self.first, self.count, self.isWide, self.mistake) = (first, count, isWide, mistake)
    state = Mutex(State(next: first))
  }

  /// - Returns: the seeds in which something was violated.
  func run(jobs: Int) -> [UInt64] {
    DispatchQueue.concurrentPerform(iterations: max(1, jobs)) { _ in
      while let seed = nextSeed() { add(seed, Trace(seed: seed, mistake: mistake, isWide: isWide).run()) }
    }
    let findings = state.withLock { $0.findings }
    if mistake == nil { report(done: count, findings: findings.count) }
    return findings
  }

  private func nextSeed() -> UInt64? {
    state.withLock { state in
      guard state.next < first + count else { return nil }
      defer { state.next += 1 }
      return state.next
    }
  }

  private func add(_ seed: UInt64, _ world: TraceWorld) {
    let due = state.withLock { state -> State? in
      state.done += 1
      if !world.violations.isEmpty { state.findings.append(seed) }
      guard state.reported.duration(to: .now) > Self.reportInterval else { return nil }
      state.reported = .now
      return state
    }
    guard mistake == nil else { return }
    for violation in world.violations {
      print("FAILED: seed \(seed): \(violation)\nreplay with: --seed \(seed)\(isWide ? " --wide" : "")")
    }
    if let due { report(done: due.done, findings: due.findings.count) }
  }

  private func report(done: UInt64, findings: Int) {
    let seconds = start.duration(to: .now) / .seconds(1)
    print("\(done) seeds in \(Int(seconds)) s, \(findings) with a violation")
    fflush(nil)
  }
}
#endif
