import TestSupport
import Testing

@testable import CommitLog

@Suite("Look-up by time")
struct TimeLookupTests {
  private static let configuration = Log.Configuration(
    maximumStoreBytes: 4096, maximumIndexBytes: 4096, preallocationBytes: 4096, tailCacheBytes: 0)

  private func append(_ times: [Int64], to log: Log) throws {
    for time in times {
      var batch = log.next(["at \(time)" + String(repeating: "x", count: 300)])
      batch = batch.stamped(
        index: batch.index, term: batch.term, baseOffset: batch.baseOffset,
        appendTime: Timestamp(microseconds: time))
      try log.append([batch])
    }
    try log.flush()
  }

  /// The first offset, from the log's start on, that was appended then or later, by looking at all of them.
  private func scan(_ times: [Int64], from start: Int, for time: Int64) -> UInt64 {
    UInt64(times.indices.dropFirst(start).first { times[$0] >= time } ?? times.count)
  }

  @Test(
    "any time finds the first record appended then or later, whatever the clocks did",
    arguments: 0..<20 as Range<UInt64>)
  func anyTime(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: Self.configuration)
    var times: [Int64] = []
    var clock: Int64 = 1000
    for _ in 0..<60 {
      // Mostly forwards, at times by nothing, now and then back: another leader's clock.
      clock += Int64.random(in: 0..<8, using: &random) == 0 ? -300 : Int64.random(in: 0...100, using: &random)
      times.append(clock)
    }
    try append(times, to: log)
    try #require(log.segmentCount > 5)
    let removed = Int(
      try log.removeSegments(before: Offset(UInt64.random(in: 0...20, using: &random))).nextOffset.rawValue)
    try log.close()

    let reopened = try Log(directory: directory.path, configuration: Self.configuration)
    for time in stride(from: Int64(0), through: (times.max() ?? 0) + 10, by: 7) {
      let expected = scan(times, from: removed, for: time)
      #expect(try reopened.offset(at: Timestamp(microseconds: time)).rawValue == expected, "seed \(seed) time \(time)")
    }
  }

  @Test("a time after everything is the end, in an empty log the start")
  func ends() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: Self.configuration)
    #expect(try log.offset(at: Timestamp(microseconds: 5)) == Offset(0))
    try append([10, 20], to: log)
    #expect(try log.offset(at: Timestamp(microseconds: 21)) == Offset(2))
    #expect(try log.offset(at: Timestamp(microseconds: .min)) == Offset(0))
    #expect(try log.offset(at: Timestamp(microseconds: .max)) == Offset(2))
  }

  @Test("what is not flushed is not found")
  func unflushed() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: Self.configuration)
    try append([10], to: log)
    let batch = log.next(["later"])
    try log.append([
      batch.stamped(
        index: batch.index, term: batch.term, baseOffset: batch.baseOffset, appendTime: Timestamp(microseconds: 50))
    ])
    #expect(try log.offset(at: Timestamp(microseconds: 40)) == Offset(1))
    #expect(log.flushedEnd.nextOffset == Offset(1))
  }
}
