/// Lets `burst` requests through at once and `rate` a second on the average: a bucket that refills.
package struct TokenBucket: Sendable {
  private let interval: Duration
  private let burst: Int
  /// When the bucket would be full if nothing more were taken.
  private var fullAt: ContinuousClock.Instant?

  /// - Parameter rate: requests a second.
  package init(rate: Double, burst: Int) {
    precondition(rate > 0 && burst > 0, "a rate of \(rate)/s with bursts of \(burst) lets nothing through")
    interval = .seconds(1 / rate)
    self.burst = burst
  }

  /// Takes one token, which may be one of the future; returns how long to wait for it.
  package mutating func reserve(now: ContinuousClock.Instant) -> Duration {
    let next = max(fullAt ?? now, now) + interval
    fullAt = next
    return max(.zero, now.duration(to: next) - interval * burst)
  }
}
