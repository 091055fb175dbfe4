import CommitLog
import NIOCore

/// ``DerivedState`` told a second time, in the plainest way, from all batches that the log ever had.
struct ReferenceState {
  private var configurations: [(index: LogIndex, payload: ByteBuffer)] = []
  private var terms: [TermHistory.Run] = []
  private var retainedFrom = Offset(0)
  private var producers: [UInt64: (epoch: UInt16, batches: [Entry])] = [:]
  private var maximumAppendTime = Timestamp(microseconds: .min)

  private struct Entry: Equatable {
    let sequence: UInt64
    let count: UInt32
    let baseOffset: Offset
  }

  init(of batches: [RecordBatch]) {
    for batch in batches {
      maximumAppendTime = max(maximumAppendTime, batch.appendTime)
      if batch.kind == .configuration { configurations.append((batch.index, batch.payload)) }
      if batch.term != terms.last?.term { terms.append(TermHistory.Run(term: batch.term, start: batch.index)) }
      if let offset = batch.retainedFrom { retainedFrom = max(retainedFrom, offset) }
      let producer = batch.producer
      guard batch.kind == .records, producer.id != 0 else { continue }
      let entry = Entry(sequence: producer.sequence, count: batch.count, baseOffset: batch.baseOffset)
      let known = producers[producer.id].flatMap { $0.epoch == producer.epoch ? $0.batches : nil } ?? []
      producers[producer.id] = (producer.epoch, (known + [entry]).suffix(ProducerTable.batchesKept))
    }
  }

  /// What the log's state says otherwise.
  func difference(from state: DerivedState) -> String? {
    let found = [state.previousConfiguration, state.configuration].compactMap(\.self)
    let expected = configurations.suffix(2)
    guard found.map(\.index) == expected.map(\.index), found.map(\.payload) == expected.map(\.payload) else {
      return "its configurations are those of indexes \(found.map(\.index)) and not of \(expected.map(\.index))"
    }
    guard state.terms.runs == terms, state.retainedFrom == retainedFrom else {
      return "its terms are \(state.terms.runs) from \(state.retainedFrom) and not \(terms) from \(retainedFrom)"
    }
    guard state.maximumAppendTime == maximumAppendTime else {
      return "its latest append time is \(state.maximumAppendTime) and not \(maximumAppendTime)"
    }
    guard state.producers.producers.keys.sorted() == producers.keys.sorted() else {
      return "it knows producers \(state.producers.producers.keys.sorted()) and not \(producers.keys.sorted())"
    }
    for (id, expected) in producers.sorted(by: { $0.key < $1.key }) {
      guard let found = state.producers.producers[id], found.epoch == expected.epoch,
        found.batches.map({ Entry(sequence: $0.sequence, count: $0.count, baseOffset: $0.baseOffset) })
          == expected.batches
      else { return "producer \(id) is not as its batches say: \(expected)" }
    }
    return nil
  }
}
