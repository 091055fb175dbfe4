/// How often something took how long, in a bounded space: buckets of a sixteenth of their length, so that a percentile is off
/// by 6 % at most.
struct LatencyHistogram: Equatable {
  /// Of each power of two.
  private static let stepBits = 4
  private static let steps = 1 << stepBits
  /// More than that many microseconds, 12 days, count as that.
  private static let maximumBits = 40

  private var counts = [Int](repeating: 0, count: (maximumBits + 1) * steps)
  private(set) var count = 0
  private(set) var longest = Duration.zero

  mutating func record(_ duration: Duration) {
    self.counts[Self.bucket(of: duration)] += 1
    self.count += 1
    self.longest = max(self.longest, duration)
  }

  mutating func add(_ other: LatencyHistogram) {
    for bucket in self.counts.indices { self.counts[bucket] += other.counts[bucket] }
    self.count += other.count
    self.longest = max(self.longest, other.longest)
  }

  /// The nearest rank, rounded up to the end of its bucket; zero when nothing was recorded.
  ///
  /// - Parameter share: from 0 to 1.
  func percentile(_ share: Double) -> Duration {
    var rest = max(1, Int((Double(self.count) * share).rounded(.up)))
    for (bucket, count) in self.counts.enumerated() where count > 0 {
      rest -= count
      if rest <= 0 { return min(Self.end(of: bucket), self.longest) }
    }
    return .zero
  }

  private static func bucket(of duration: Duration) -> Int {
    let microseconds = UInt64(max(0, duration / .microseconds(1)))
    let clamped = min(microseconds, 1 << UInt64(Self.maximumBits) - 1)
    guard clamped >= Self.steps else { return Int(clamped) }
    let exponent = UInt64.bitWidth - 1 - clamped.leadingZeroBitCount
    let step = Int(clamped >> UInt64(exponent - Self.stepBits)) - Self.steps
    return (exponent - Self.stepBits + 1) * Self.steps + step
  }

  private static func end(of bucket: Int) -> Duration {
    let (group, step) = bucket.quotientAndRemainder(dividingBy: Self.steps)
    guard group > 0 else { return .microseconds(step) }
    return .microseconds((Self.steps + step + 1) << (group - 1) - 1)
  }
}
