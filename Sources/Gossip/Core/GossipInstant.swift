/// A point on a clock that only goes forward: nanoseconds from any beginning.
package struct GossipInstant: Hashable, Comparable, Sendable {
  package let nanoseconds: UInt64

  package init(nanoseconds: UInt64) {
    self.nanoseconds = nanoseconds
  }

  package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

  package static func + (instant: Self, duration: Duration) -> Self {
    let (sum, overflows) = instant.nanoseconds.addingReportingOverflow(nanoseconds(of: duration))
    return Self(nanoseconds: overflows ? .max : sum)
  }

  /// Zero when `earlier` is not earlier.
  package func since(_ earlier: Self) -> Duration {
    guard self > earlier else { return .zero }
    return .nanoseconds(Int64(clamping: nanoseconds - earlier.nanoseconds))
  }

  /// A negative one counts as none: no time-out lies in the past.
  private static func nanoseconds(of duration: Duration) -> UInt64 {
    UInt64(clamping: Int64(max(duration, .zero) / .nanoseconds(1)))
  }
}
