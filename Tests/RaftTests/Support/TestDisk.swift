import CommitLog
import NIOCore

@testable import Raft

/// A log and the two other things that a node must not forget.
struct TestDisk {
  var start = LogEnd(nextIndex: LogIndex(1), nextOffset: Offset(0), lastTerm: Term(0))
  var batches: [RecordBatch] = []
  var hardState = HardState()
  /// Of before `start`.
  var startConfiguration: ConfigurationHistory.Entry?

  init(batches: [RecordBatch] = [], term: Term = Term(0)) {
    self.batches = batches
    hardState = HardState(term: term)
  }

  var end: LogEnd {
    batches.last.map { LogEnd(nextIndex: $0.index.following, nextOffset: $0.nextOffset, lastTerm: $0.term) } ?? start
  }

  var configurations: ConfigurationHistory {
    ConfigurationHistory(
      [startConfiguration].compactMap(\.self)
        + batches.compactMap { batch in
          guard batch.kind == .configuration else { return nil }
          return Configuration(decoding: batch.payload).map { .init(index: batch.index, configuration: $0) }
        })
  }

  var restored: RaftCore.Restored {
    var terms = TermHistory()
    for batch in batches { terms.append(batch.term, at: batch.index) }
    return RaftCore.Restored(
      hardState: hardState, start: start, end: end, terms: terms, configurations: configurations)
  }

  var snapshot: Snapshot? {
    startConfiguration.map { Snapshot(start: start, configuration: $0, state: ByteBuffer()) }
  }

  var values: [String] {
    batches.filter { $0.kind == .records }.map { batch in
      (try? batch.records.map { String(buffer: $0.value) }.joined(separator: ",")) ?? "?"
    }
  }

  func read(from index: LogIndex, maximumBytes: Int) -> [RecordBatch] {
    var bytes = 0
    return Array(
      batches.drop { $0.index < index }.prefix { batch in
        bytes += batch.byteCount
        return batch.index == index || bytes <= maximumBytes
      })
  }

  func entry(at index: LogIndex) -> EntryID? {
    if index == start.last.index { return start.last }
    guard index > start.last.index, index < end.nextIndex else { return nil }
    let batch = batches[Int(index.rawValue - start.nextIndex.rawValue)]
    return EntryID(index: batch.index, term: batch.term)
  }

  /// Also when it was cut from the front.
  func holds(_ entry: EntryID) -> Bool { entry.index < start.nextIndex || self.entry(at: entry.index) == entry }

  mutating func carryOut(_ write: Action) {
    switch write {
    case .append(let new, _):
      precondition(new.first?.index == end.nextIndex, "append at \(String(describing: new.first?.index)) to \(end)")
      batches += new
    case .truncate(let index, _): batches.removeAll { $0.index >= index }
    case .reset(let snapshot, _):
      start = snapshot.start
      startConfiguration = snapshot.configuration
      batches = []
    case .save(let state, _): hardState = state
    default: preconditionFailure("\(write) is no write")
    }
  }

  /// Cuts the log from the front.
  mutating func removeEntries(before index: LogIndex) {
    let removed = batches.prefix { $0.index < index }
    guard let last = removed.last else { return }
    startConfiguration =
      ConfigurationHistory(
        [startConfiguration].compactMap(\.self)
          + removed.compactMap { batch in
            guard batch.kind == .configuration else { return nil }
            return Configuration(decoding: batch.payload).map { .init(index: batch.index, configuration: $0) }
          }
      ).newest
    start = LogEnd(nextIndex: last.index.following, nextOffset: last.nextOffset, lastTerm: last.term)
    batches.removeFirst(removed.count)
  }
}
