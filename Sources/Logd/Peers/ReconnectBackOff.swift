/// How long to wait before the next try: twice as long after each failure, at random within the upper half, so that
/// nodes that lost each other do not come back in step.
struct ReconnectBackOff: Hashable, Sendable {
  /// 50 to 100 ms first: a process takes about as long to start again.
  static let firstCeiling = Duration.milliseconds(100)
  /// 500 ms to 1 s in the end: one try in an election timeout.
  static let lastCeiling = Duration.seconds(1)

  private var ceiling = firstCeiling

  /// - Parameter random: from 0 to less than 1.
  mutating func next(random: Double) -> Duration {
    defer { ceiling = min(ceiling * 2, Self.lastCeiling) }
    return ceiling / 2 + ceiling / 2 * random
  }

  mutating func reset() { ceiling = Self.firstCeiling }

  /// Goes on at the slow end.
  mutating func slowDown() { ceiling = Self.lastCeiling }
}
