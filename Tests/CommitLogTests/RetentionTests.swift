import Testing

@testable import CommitLog

@Suite("Retention")
struct RetentionTests {
  /// Segments of ten offsets and 100 bytes each; their newest batches are a second apart, the first at 1 s.
  private let segments: [SegmentSummary] = (0..<5).map { (number: UInt64) -> SegmentSummary in
    let start = LogEnd(nextIndex: LogIndex(number + 1), nextOffset: Offset(number * 10), lastTerm: Term(1))
    let end = LogEnd(nextIndex: LogIndex(number + 2), nextOffset: Offset((number + 1) * 10), lastTerm: Term(1))
    return SegmentSummary(
      start: start, end: end, bytes: 100, maximumAppendTime: Timestamp(microseconds: Int64(number + 1) * 1_000_000))
  }

  @Test(
    "the oldest segments go while there are too many bytes or they are too old, the last by age alone",
    arguments: [
      (nil, nil, 100.0, 0),
      (500, nil, 100, 0),
      (499, nil, 100, 10),
      (201, nil, 100, 30),
      (0, nil, 100, 40),
      (nil, 10, 5, 0),
      (nil, 3.5, 5, 10),
      (nil, 3, 4, 0),
      (nil, 0.5, 5.4, 40),
      (nil, 0.5, 5.6, 50),
      (0, 0.5, 5.6, 50),
      (nil, 0.5, 100, 50),
      // A clock that went back removes nothing.
      (nil, 1, -100, 0),
      (250, 3.5, 5, 30),
    ] as [(UInt64?, Double?, Double, UInt64)])
  func start(bytes: UInt64?, age: Double?, now: Double, expected: UInt64) {
    let policy = RetentionPolicy(maximumBytes: bytes, maximumAge: age.map { .seconds($0) })
    #expect(
      policy.start(of: segments, now: Timestamp(microseconds: Int64(now * 1_000_000))) == Offset(expected))
  }

  @Test("a log to which nobody writes any more is emptied, goes on where it ended, and is the same after reopening")
  func idleLog() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: small)
    for number in 0..<10 { try log.add(["value \(number)"]) }
    try log.flush()
    let policy = RetentionPolicy(maximumAge: .seconds(1))
    // Samples are appended at 1 s.
    #expect(policy.start(of: try log.segments, now: Timestamp(microseconds: 1_500_000)) == Offset(0))
    let start = policy.start(of: try log.segments, now: Timestamp(microseconds: 2_500_000))
    #expect(start == Offset(10))
    #expect(try log.removeSegments(before: start) == log.acceptedEnd)
    // Nothing is left to remove: no segment is begun again and again.
    let stores = try Files.names(directory.path, ".store")
    #expect(stores.count == 1)
    try log.removeSegments(before: policy.start(of: try log.segments, now: Timestamp(microseconds: 9_000_000)))
    #expect(try Files.names(directory.path, ".store") == stores)
    #expect(throws: LogError.self) { try log.read(from: Offset(9), maximumBytes: 1) }
    try log.add(["after"])
    try log.flush()
    #expect(try log.read(from: Offset(10), maximumBytes: 1).count == 1)
    try log.close()
    let reopened = try Log(directory: directory.path, configuration: small)
    #expect(reopened.startOffset == Offset(10) && reopened.acceptedEnd.nextOffset == Offset(11))
    try reopened.close()
  }

  @Test("what is not flushed is not removed")
  func unflushed() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: small)
    try log.add(["one"])
    try log.flush()
    try log.add(["two"])
    try log.removeSegments(before: Offset(2))
    try log.flush()
    #expect(log.startOffset == Offset(0))
    try log.close()
  }
}
