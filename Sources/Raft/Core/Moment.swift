package import CommitLog

/// A point on a clock that only goes forward, and only while the machine runs: nanoseconds from any beginning.
package struct Instant: Hashable, Comparable, Sendable {
  package let nanoseconds: UInt64

  package init(nanoseconds: UInt64) {
    self.nanoseconds = nanoseconds
  }

  package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }

  package static func + (instant: Self, duration: Duration) -> Self {
    Instant(nanoseconds: instant.nanoseconds + duration.nanoseconds)
  }
}

extension Duration {
  /// Of one that is not negative. The quotient of two durations goes by floating point, which is felt with each message.
  package var nanoseconds: UInt64 { UInt64(attoseconds / 1_000_000_000) }
}

/// When an event reached a node.
package struct Moment: Hashable, Sendable {
  /// For time-outs.
  package var instant: Instant
  /// For batches' append times; no decision rests on it.
  package var time: Timestamp

  package init(instant: Instant, time: Timestamp) {
    self.instant = instant
    self.time = time
  }
}
