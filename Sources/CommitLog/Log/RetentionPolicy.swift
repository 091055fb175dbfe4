/// How much of a log is kept. Whole segments go, the oldest first; the last one by age alone, for nobody else ends it when nobody
/// writes.
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
    let oldest = segments[first]
    return first == segments.count - 1 && isTooOld(oldest, now: now) ? oldest.end.nextOffset : oldest.start.nextOffset
  }

  private func removes(_ segment: SegmentSummary, bytes: UInt64, now: Timestamp) -> Bool {
    if let maximumBytes, bytes > maximumBytes { return true }
    return isTooOld(segment, now: now)
  }

  private func isTooOld(_ segment: SegmentSummary, now: Timestamp) -> Bool {
    guard let maximumAge, let newest = segment.maximumAppendTime else { return false }
    return Duration.microseconds(now.microseconds) - .microseconds(newest.microseconds) > maximumAge
  }
}

/// What retention looks at.
package struct SegmentSummary: Hashable, Sendable {
  package var start: LogEnd
  /// Of its flushed batches.
  package var end: LogEnd
  package var bytes: UInt64
  /// The latest append time of any batch up to the end of the segment; nil for none.
  package var maximumAppendTime: Timestamp?

  package init(start: LogEnd, end: LogEnd, bytes: UInt64, maximumAppendTime: Timestamp?) {
    self.start = start
    self.end = end
    self.bytes = bytes
    self.maximumAppendTime = maximumAppendTime
  }
}

extension Log {
  /// The segments, the oldest first, with what is flushed of the last one.
  package var segments: [SegmentSummary] {
    get throws(LogError) {
      let view = try view()
      return view.segments.indices.map { place in
        let segment = view.segments[place]
        let next = place + 1 < view.segments.count ? view.segments[place + 1] : nil
        let newest = next?.header.maximumAppendTime ?? view.maximumAppendTime
        return SegmentSummary(
          start: segment.base, end: next?.base ?? view.flushed, bytes: segment.readableEnd.rawValue,
          maximumAppendTime: newest == Timestamp(microseconds: .min) ? nil : newest)
      }
    }
  }
}
