import CommitLog
import Testing

@Suite("Retention")
struct RetentionTests {
  /// Segments of ten offsets and 100 bytes each; their newest batches are a second apart, the first at 1 s.
  private let segments: [SegmentSummary] = (0..<5).map { (number: UInt64) -> SegmentSummary in
    let start = LogEnd(nextIndex: LogIndex(number + 1), nextOffset: Offset(number * 10), lastTerm: Term(1))
    let newest = number < 4 ? Timestamp(microseconds: Int64(number + 1) * 1_000_000) : nil
    return SegmentSummary(start: start, bytes: 100, maximumAppendTime: newest)
  }

  @Test(
    "the oldest segments go while there are too many bytes or they are too old, never the last",
    arguments: [
      (nil, nil, 100.0, 0),
      (500, nil, 100, 0),
      (499, nil, 100, 10),
      (201, nil, 100, 30),
      (0, nil, 100, 40),
      (nil, 10, 5, 0),
      (nil, 3.5, 5, 10),
      (nil, 3, 4, 0),
      (nil, 0.5, 100, 40),
      // A clock that went back removes nothing.
      (nil, 1, -100, 0),
      (250, 3.5, 5, 30),
    ] as [(UInt64?, Double?, Double, UInt64)])
  func start(bytes: UInt64?, age: Double?, now: Double, expected: UInt64) {
    let policy = RetentionPolicy(maximumBytes: bytes, maximumAge: age.map { .seconds($0) })
    #expect(
      policy.start(of: segments, now: Timestamp(microseconds: Int64(now * 1_000_000))) == Offset(expected))
  }
}
