/// How long to wait before trying again.
public struct BackOff: Sendable, Hashable {
  /// The pause before the second attempt; each further one is twice as long, and all are shortened at random by up to half, so
  /// that clients that failed together do not come back together.
  public var initial: Duration
  /// The longest pause.
  public var maximum: Duration

  /// From a twentieth of a second to two seconds.
  public static let defaults = BackOff(initial: .milliseconds(50), maximum: .seconds(2))

  /// Creates a back-off from its parts.
  public init(initial: Duration, maximum: Duration) {
    self.initial = initial
    self.maximum = maximum
  }

  /// - Parameters:
  ///   - attempt: that failed, from 1.
  ///   - random: from 0 to 1.
  func pause(after attempt: Int, random: Double = .random(in: 0..<1)) -> Duration {
    // 2^20 is more than any maximum, and the shift cannot overflow.
    let full = min(self.initial * (1 << min(attempt - 1, 20)), self.maximum)
    return full * (1 - random / 2)
  }
}
