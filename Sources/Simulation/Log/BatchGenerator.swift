import CommitLog
import NIOCore
import TestSupport

/// Batches of all kinds, each one different from every other.
struct BatchGenerator: Sendable {
  private var term = Term(1)
  private var time: Int64 = 1_000_000
  private var number = 0
  /// Next sequence of each producer and its epoch.
  private var producers: [UInt64: (epoch: UInt16, sequence: UInt64)] = [:]
  private let largestValue: Int

  init(largestValue: Int) {
    self.largestValue = largestValue
  }

  mutating func batches(_ count: Int, after end: LogEnd, _ random: inout SeededGenerator) -> [RecordBatch] {
    var end = end
    return (0..<count).map { _ in
      let batch = self.batch(after: end, &random)
      end = LogEnd(nextIndex: batch.index.advanced(by: 1), nextOffset: batch.nextOffset, lastTerm: batch.term)
      return batch
    }
  }

  private mutating func batch(after end: LogEnd, _ random: inout SeededGenerator) -> RecordBatch {
    number += 1
    // A clock that mostly goes on, and sometimes back.
    time += Int64.random(in: -200...1000, using: &random)
    if Int.random(in: 0..<8, using: &random) == 0 { term = term.advanced(by: Int.random(in: 1...3, using: &random)) }
    term = max(term, end.lastTerm)
    let timestamp = Timestamp(microseconds: time)
    let batch: RecordBatch =
      switch Int.random(in: 0..<10, using: &random) {
      case 0: .noOperation(timestamp: timestamp)
      case 1:
        RecordBatch(kind: .configuration, payload: ByteBuffer(string: "members \(number)"), timestamp: timestamp)
      case 2:
        .retention(from: Offset(UInt64.random(in: 0...end.nextOffset.rawValue, using: &random)), timestamp: timestamp)
      case 3...4: records(of: producer(&random), timestamp, &random)
      default: records(of: .none, timestamp, &random)
      }
    return batch.stamped(index: end.nextIndex, term: term, baseOffset: end.nextOffset, appendTime: timestamp)
  }

  private func producer(_ random: inout SeededGenerator) -> Producer {
    let id = UInt64.random(in: 1...4, using: &random)
    let known = producers[id] ?? (0, 0)
    return Producer(id: id, epoch: known.epoch, sequence: known.sequence)
  }

  private mutating func records(
    of producer: Producer, _ timestamp: Timestamp, _ random: inout SeededGenerator
  ) -> RecordBatch {
    var builder = RecordBatch.Builder(producer: producer)
    let isLarge = Int.random(in: 0..<6, using: &random) == 0
    let count = isLarge ? Int.random(in: 8...40, using: &random) : Int.random(in: 1...4, using: &random)
    for record in 0..<count {
      let padding = Int.random(in: 0...largestValue / count, using: &random)
      builder.append(
        ByteBuffer(string: "\(number).\(record)" + String(repeating: "x", count: padding)), timestamp: timestamp)
    }
    if producer.id != 0 {
      let isRestarted = Int.random(in: 0..<6, using: &random) == 0
      producers[producer.id] =
        isRestarted ? (producer.epoch + 1, 0) : (producer.epoch, producer.sequence + UInt64(count))
    }
    return builder.finish()
  }
}
