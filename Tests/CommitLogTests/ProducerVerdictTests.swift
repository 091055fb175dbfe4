import Testing

@testable import CommitLog

/// What a leader says of a producer's batch, by what came before.
@Suite("Verdicts on producers' batches")
struct ProducerVerdictTests {
  /// Epoch 3 of producer 7: two records at offset 10, then five at offset 20.
  private var table: ProducerTable {
    var table = ProducerTable()
    for (index, sequence, count, offset) in [(4, 0, 2, 10), (5, 2, 5, 20)] as [(UInt64, UInt64, Int, UInt64)] {
      var builder = RecordBatch.Builder(producer: Producer(id: 7, epoch: 3, sequence: sequence))
      for _ in 0..<count { builder.append([UInt8(0)], timestamp: Timestamp(microseconds: 0)) }
      table.apply(
        builder.finish().stamped(
          index: LogIndex(index), term: Term(1), baseOffset: Offset(offset), appendTime: Timestamp(microseconds: 0)))
    }
    return table
  }

  struct Case: CustomTestStringConvertible, Sendable {
    var id: UInt64 = 7
    var epoch: UInt16 = 3
    var sequence: UInt64
    var count: UInt32 = 1
    var verdict: ProducerTable.Verdict
    var testDescription: String { "producer \(id) epoch \(epoch) sequence \(sequence), \(count) records: \(verdict)" }
  }

  @Test(
    "a batch is new, a retry, too old, ahead, or of somebody who was replaced",
    arguments: [
      Case(sequence: 7, verdict: .next),
      Case(sequence: 0, count: 2, verdict: .duplicate(baseOffset: Offset(10))),
      Case(sequence: 2, count: 5, verdict: .duplicate(baseOffset: Offset(20))),
      Case(sequence: 2, count: 4, verdict: .tooOld(next: 7)),
      Case(sequence: 1, verdict: .tooOld(next: 7)),
      Case(sequence: 8, verdict: .gap(expected: 7)),
      Case(epoch: 2, sequence: 7, verdict: .fenced(epoch: 3)),
      Case(epoch: 4, sequence: 0, verdict: .next),
      Case(epoch: 4, sequence: 7, verdict: .gap(expected: 0)),
      Case(id: 8, epoch: 9, sequence: 0, verdict: .next),
      Case(id: 8, epoch: 9, sequence: 1, verdict: .gap(expected: 0)),
    ])
  func verdict(_ test: Case) {
    let producer = Producer(id: test.id, epoch: test.epoch, sequence: test.sequence)
    #expect(table.verdict(on: producer, count: test.count) == test.verdict)
  }
}
