/// Serf's logical clock: what is said after something was heard has a later time (Lamport 1978).
struct LamportClock: Hashable, Sendable {
  /// What the next message says. From 1, for 0 is what those have who said nothing.
  private(set) var time = LamportTime(1)

  /// Nobody says so much in earnest, and a clock that is set so high would soon be at its end.
  private static let implausible = LamportTime(1 << 62)

  /// Whether the time may be believed.
  static func isPlausible(_ time: LamportTime) -> Bool { time < implausible }

  mutating func witness(_ other: LamportTime) {
    guard other >= time, Self.isPlausible(other) else { return }
    time = LamportTime(other.value + 1)
  }

  mutating func increment() { time = LamportTime(time.value + 1) }
}
