import CommitLog
import Testing

@testable import Logd

@Suite("Log ledger") struct LogLedgerTests {
  private static let time = Timestamp(microseconds: 0)

  /// A batch of one record.
  private func batch(_ index: UInt64, sequence: UInt64) -> RecordBatch {
    var builder = RecordBatch.Builder(producer: Producer(id: 7, epoch: 0, sequence: sequence))
    builder.append([UInt8(1)], timestamp: Self.time)
    return stamped(builder.finish(), index)
  }

  private func stamped(_ batch: RecordBatch, _ index: UInt64) -> RecordBatch {
    batch.stamped(index: LogIndex(index), term: Term(1), baseOffset: Offset(index - 1), appendTime: Self.time)
  }

  private func end(_ nextIndex: UInt64) -> LogEnd {
    LogEnd(nextIndex: LogIndex(nextIndex), nextOffset: Offset(nextIndex - 1), lastTerm: Term(1))
  }

  private func state(_ batches: [RecordBatch]) -> DerivedState {
    var state = DerivedState()
    for batch in batches { state.apply(batch) }
    return state
  }

  private func next(_ ledger: LogLedger) -> UInt64? {
    ledger.producers?.producers[7]?.batches.last.map { $0.sequence + 1 }
  }

  @Test("producers are known up to the newest batch, committed or not")
  func producers() {
    var ledger = LogLedger(state([batch(1, sequence: 0)]), end: end(2), logStart: Offset(0))
    #expect(next(ledger) == 1)
    ledger.appended([batch(2, sequence: 1), batch(3, sequence: 2)])
    #expect(next(ledger) == 3)
  }

  @Test("while a cut is under way producers are unknown; then they are what the log says, and what came since")
  func cut() {
    var ledger = LogLedger(DerivedState(), end: end(1), logStart: Offset(0))
    ledger.appended([batch(1, sequence: 0), batch(2, sequence: 1), batch(3, sequence: 2)])
    ledger.truncating(from: LogIndex(2), WriteTicket(5))
    #expect(ledger.producers == nil)
    ledger.appended([batch(2, sequence: 1)])
    #expect(ledger.producers == nil)
    ledger.truncated(state([batch(1, sequence: 0)]), end: end(2), WriteTicket(5))
    #expect(next(ledger) == 2)
  }

  @Test("of two cuts the first one's end tells nothing")
  func twoCuts() {
    var ledger = LogLedger(DerivedState(), end: end(1), logStart: Offset(0))
    ledger.appended([batch(1, sequence: 0), batch(2, sequence: 1), batch(3, sequence: 2)])
    ledger.truncating(from: LogIndex(3), WriteTicket(5))
    ledger.appended([batch(3, sequence: 2)])
    ledger.truncating(from: LogIndex(2), WriteTicket(7))
    ledger.truncated(state([batch(1, sequence: 0), batch(2, sequence: 1)]), end: end(3), WriteTicket(5))
    #expect(ledger.producers == nil)
    ledger.truncated(state([batch(1, sequence: 0)]), end: end(2), WriteTicket(7))
    #expect(next(ledger) == 1)
  }

  @Test("a log that was replaced has its producers at once; the cut before it tells nothing any more")
  func reset() {
    var ledger = LogLedger(DerivedState(), end: end(1), logStart: Offset(0))
    ledger.truncating(from: LogIndex(1), WriteTicket(5))
    ledger.reset(to: state([batch(1, sequence: 0), batch(2, sequence: 1)]), start: Offset(2))
    #expect(next(ledger) == 2 && ledger.start == Offset(2))
    ledger.truncated(DerivedState(), end: end(1), WriteTicket(5))
    #expect(next(ledger) == 2)
  }

  @Test("after a refusal producers are unknown until the cut that follows")
  func refusal() {
    var ledger = LogLedger(DerivedState(), end: end(1), logStart: Offset(0))
    ledger.appended([batch(1, sequence: 0)])
    ledger.refused()
    #expect(ledger.producers == nil)
    ledger.truncating(from: LogIndex(1), WriteTicket(9))
    ledger.truncated(DerivedState(), end: end(1), WriteTicket(9))
    #expect(ledger.producers == ProducerTable())
  }

  @Test("records are dropped when the entry that says so is committed, not when a cut takes it away")
  func retention() {
    var ledger = LogLedger(DerivedState(), end: end(1), logStart: Offset(0))
    ledger.appended([batch(1, sequence: 0), batch(2, sequence: 1)])
    ledger.appended([stamped(.retention(from: Offset(1), timestamp: Self.time), 3)])
    ledger.appended([stamped(.retention(from: Offset(2), timestamp: Self.time), 4)])
    #expect(ledger.committed(through: LogIndex(2)) == nil)
    #expect(ledger.committed(through: LogIndex(3)) == Offset(1))
    ledger.truncating(from: LogIndex(4), WriteTicket(1))
    #expect(ledger.committed(through: LogIndex(9)) == nil)
    #expect(ledger.start == Offset(1))
  }

  @Test("an entry that was found in the log counts once all that was found is committed")
  func foundRetention() {
    let found = state([stamped(.retention(from: Offset(5), timestamp: Self.time), 6)])
    var ledger = LogLedger(found, end: end(9), logStart: Offset(2))
    #expect(ledger.start == Offset(2))
    #expect(ledger.committed(through: LogIndex(7)) == nil)
    #expect(ledger.committed(through: LogIndex(8)) == Offset(5))
  }
}
