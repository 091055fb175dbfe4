import TestSupport

/// What one loss of power keeps, drawn from a seed.
struct CrashOutcome: Sendable {
  enum Keeping: Sendable {
    case nothing
    case everything
    /// Each unsynced thing on its own; the newest state of each with this probability in percent, else any older one.
    case some(percent: Int)
  }

  private let keeping: Keeping
  private var random: SeededGenerator

  init(keeping: Keeping, seed: UInt64) {
    self.keeping = keeping
    random = SeededGenerator(seed: seed)
  }

  /// Extremes are as likely as mixtures: most defects need only one thing to be lost, or only one to be kept.
  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    switch Int.random(in: 0..<6, using: &random) {
    case 0: keeping = .nothing
    case 1: keeping = .everything
    case 2: keeping = .some(percent: 10)
    case 3: keeping = .some(percent: 90)
    default: keeping = .some(percent: 50)
    }
  }

  /// Which of `count` states, the oldest first.
  mutating func choice(of count: Int) -> Int {
    switch keeping {
    case .nothing: return 0
    case .everything: return count - 1
    case .some(let percent):
      if Int.random(in: 0..<100, using: &random) < percent { return count - 1 }
      return Int.random(in: 0..<max(1, count - 1), using: &random)
    }
  }

  mutating func keeps() -> Bool { choice(of: 2) == 1 }

  /// Whether things may be found half done.
  var isTorn: Bool {
    if case .some = keeping { true } else { false }
  }

  mutating func number(in range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  mutating func unwrittenSector(bytes: Int) -> [UInt8] {
    // One in 16: garbage must not hide what zeros lead to.
    guard isTorn, Int.random(in: 0..<16, using: &random) == 0 else { return Array(repeating: 0, count: bytes) }
    return (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &random) }
  }
}
