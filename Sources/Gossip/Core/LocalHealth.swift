/// How much a node doubts itself (Lifeguard §IV-A, the local health multiplier). 0 is well.
///
/// Raised by what can be its own fault: a probe that fails, nacks that do not come, an accusation to refute. Lowered
/// by each probe that succeeds.
struct LocalHealth: Hashable, Sendable {
  private(set) var score = 0
  /// memberlist's "awareness max multiplier": the score stays below it.
  let bound: Int

  init(bound: Int) {
    self.bound = max(bound, 1)
  }

  mutating func change(by delta: Int) {
    score = min(max(score + delta, 0), bound - 1)
  }

  /// A node that doubts itself waits longer before it accuses another.
  func scaled(_ duration: Duration) -> Duration { duration * (score + 1) }
}
