import CommitLog
import Testing

@testable import Logd

@Suite("Readable log") struct ReadableLogTests {
  /// A log in which each batch has ten records: index 1 is offsets 0 to 9.
  private func end(_ nextIndex: UInt64) -> LogEnd {
    LogEnd(nextIndex: LogIndex(nextIndex), nextOffset: Offset((nextIndex - 1) * 10), lastTerm: Term(1))
  }

  private func batches(_ indexes: ClosedRange<UInt64>) -> [RecordBatch] {
    indexes.map { index in
      var builder = RecordBatch.Builder()
      for _ in 0..<10 { builder.append([UInt8(7)], timestamp: Timestamp(microseconds: 0)) }
      return builder.finish().stamped(
        index: LogIndex(index), term: Term(1), baseOffset: Offset((index - 1) * 10),
        appendTime: Timestamp(microseconds: 0))
    }
  }

  private func moved(_ log: inout ReadableLog, _ committed: UInt64, _ flushed: UInt64) -> ReadableLog.Step {
    log.moved(committed: LogIndex(committed), flushed: LogIndex(flushed))
  }

  @Test("nothing can be read before it is both committed and on this disk")
  func both() {
    var log = ReadableLog(start: end(1), found: end(1))
    log.appended(batches(1...4))
    #expect(moved(&log, 0, 2) == .none)
    #expect(moved(&log, 3, 2) == .advanced)
    #expect(log.end == end(3))
    #expect(moved(&log, 3, 2) == .none)
    #expect(moved(&log, 3, 4) == .advanced)
    #expect(log.end == end(4))
    #expect(moved(&log, 4, 4) == .advanced)
    #expect(log.end == end(5))
  }

  @Test("what was found when the log was opened can be read up to its end without looking anything up")
  func foundWhole() {
    var log = ReadableLog(start: end(1), found: end(6))
    #expect(log.end == end(1))
    #expect(moved(&log, 5, 5) == .advanced)
    #expect(log.end == end(6))
  }

  @Test("where a batch ends that was found, and is committed alone, is looked up once")
  func foundInPart() {
    var log = ReadableLog(start: end(1), found: end(6))
    #expect(moved(&log, 3, 5) == .locate(LogIndex(3)))
    #expect(moved(&log, 3, 5) == .none)
    #expect(log.located(end(4)) == .advanced)
    #expect(log.end == end(4))
    #expect(moved(&log, 5, 5) == .advanced)
    #expect(log.end == end(6))
  }

  @Test("a look-up that failed is asked for again, one that comes late does no harm")
  func failedLookUp() {
    var log = ReadableLog(start: end(1), found: end(6))
    log.appended(batches(6...7))
    #expect(moved(&log, 3, 5) == .locate(LogIndex(3)))
    log.notLocated()
    #expect(moved(&log, 3, 5) == .locate(LogIndex(3)))
    #expect(moved(&log, 6, 7) == .advanced)
    #expect(log.end == end(7))
    #expect(log.located(end(4)) == .none)
    #expect(log.end == end(7))
  }

  @Test("a cut takes away what was not committed, and what comes in its place is read when it is committed")
  func cut() {
    var log = ReadableLog(start: end(1), found: end(1))
    log.appended(batches(1...4))
    #expect(moved(&log, 2, 4) == .advanced)
    log.truncated(from: LogIndex(3))
    log.appended(batches(3...3))
    #expect(moved(&log, 3, 2) == .none)
    #expect(moved(&log, 3, 3) == .advanced)
    #expect(log.end == end(4))
  }

  @Test("after a cut into what was found, its rest is looked up and what came after is not")
  func cutOfFound() {
    var log = ReadableLog(start: end(1), found: end(6))
    log.truncated(from: LogIndex(4))
    #expect(moved(&log, 3, 3) == .locate(LogIndex(3)))
    #expect(log.located(end(4)) == .advanced)
    log.appended(batches(4...5))
    #expect(moved(&log, 5, 5) == .advanced)
    #expect(log.end == end(6))
  }

  @Test("a log that was replaced is read from its new start")
  func reset() {
    var log = ReadableLog(start: end(1), found: end(3))
    #expect(moved(&log, 2, 2) == .advanced)
    log.reset(to: end(100))
    #expect(log.end == end(100))
    log.appended(batches(100...101))
    #expect(moved(&log, 101, 99) == .none)
    #expect(moved(&log, 101, 100) == .advanced)
    #expect(log.end == end(101))
  }
}
