/// How much of a log is kept. Whole segments go, the oldest first, and never the last one.
package struct RetentionPolicy: Hashable, Sendable {
  /// Bytes of all segments; nil: any number.
  package var maximumBytes: UInt64?
  /// Time since the newest batch of a segment was appended, by the leaders' clocks; nil: for ever.
  package var maximumAge: Duration?

  package init(maximumBytes: UInt64? = nil, maximumAge: Duration? = nil) {
    self.maximumBytes = maximumBytes
    self.maximumAge = maximumAge
  }

  /// Where the log is to start now: the first segment's own start when nothing has to go. Decided once, by the leader, for
  /// clocks differ.
  ///
  /// - Parameter segments: all of the log's, in order.
  package func start(of segments: [SegmentSummary], now: Timestamp) -> Offset {
    precondition(!segments.isEmpty, "a log has a segment")
    var bytes = segments.reduce(0) { $0 + $1.bytes }
    var first = 0
    while first < segments.count - 1, removes(segments[first], bytes: bytes, now: now) {
      bytes -= segments[first].bytes
      first += 1
    }
    return segments[first].start.nextOffset
  }

  private func removes(_ segment: SegmentSummary, bytes: UInt64, now: Timestamp) -> Bool {
    if let maximumBytes, bytes > maximumBytes { return true }
    guard let maximumAge, let newest = segment.maximumAppendTime else { return false }
    return Duration.microseconds(now.microseconds) - .microseconds(newest.microseconds) > maximumAge
  }
}

/// What retention looks at.
package struct SegmentSummary: Hashable, Sendable {
  package var start: LogEnd
  package var bytes: UInt64
  /// The latest append time of any batch up to the end of the segment; nil for the last one, which still grows.
  package var maximumAppendTime: Timestamp?

  package init(start: LogEnd, bytes: UInt64, maximumAppendTime: Timestamp?) {
    self.start = start
    self.bytes = bytes
    self.maximumAppendTime = maximumAppendTime
  }
}

extension Log {
  /// The segments, the oldest first, with what is flushed of the last one.
  package var segments: [SegmentSummary] {
    get throws(LogError) {
      let segments = try view().segments
      return segments.indices.map { place in
        SegmentSummary(
          start: segments[place].base, bytes: segments[place].readableEnd.rawValue,
          maximumAppendTime: place + 1 < segments.count ? segments[place + 1].header.maximumAppendTime : nil)
      }
    }
  }
}
