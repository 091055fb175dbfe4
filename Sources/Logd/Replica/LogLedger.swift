import CommitLog
import DequeModule

/// What follows from the batches that the core has, committed or not: which producers' batches are there, by which a leader tells a
/// retry; and from which offset on records are kept, once that is committed.
///
/// A value type without I/O. What a cut leaves of it only the log knows, which keeps a checkpoint in each segment; until the storage
/// thread has cut and told, producers are unknown.
struct LogLedger {
  /// nil while a cut is under way.
  private(set) var producers: ProducerTable?
  /// Behind the cut that is under way.
  private var appendedMeanwhile: [RecordBatch] = []
  /// The newest cut that is under way.
  private var awaited: WriteTicket?
  /// Not committed, as far as is known, in log order.
  private var retentions: Deque<(index: LogIndex, start: Offset)> = []
  /// Records before it are kept no longer.
  private(set) var start: Offset

  /// - Parameters:
  ///   - state: of a log that ends at `end`.
  ///   - logStart: of that log.
  init(_ state: DerivedState, end: LogEnd, logStart: Offset) {
    producers = state.producers
    start = logStart
    found(state, end: end)
  }

  private mutating func found(_ state: DerivedState, end: LogEnd) {
    guard state.retainedFrom > start else { return }
    // Which batch said so is not known, but it is one of these.
    retentions.removeAll { $0.index <= end.lastIndex }
    retentions.prepend((end.lastIndex, state.retainedFrom))
  }

  mutating func appended(_ batches: [RecordBatch]) {
    for batch in batches {
      if producers == nil { appendedMeanwhile.append(batch) } else { producers?.apply(batch) }
      if let start = batch.retainedFrom { retentions.append((batch.index, start)) }
    }
  }

  /// The log is being cut from `index` on.
  mutating func truncating(from index: LogIndex, _ ticket: WriteTicket) {
    refused()
    retentions.removeAll { $0.index >= index }
    awaited = ticket
  }

  /// The log was cut, and ends at `end` on the disk.
  mutating func truncated(_ state: DerivedState, end: LogEnd, _ ticket: WriteTicket?) {
    guard let ticket, ticket == awaited else { return }
    awaited = nil
    var table = state.producers
    for batch in appendedMeanwhile { table.apply(batch) }
    appendedMeanwhile = []
    producers = table
    found(state, end: end)
  }

  /// The log is replaced by one that starts with that.
  mutating func reset(to state: DerivedState, start newStart: Offset) {
    producers = state.producers
    appendedMeanwhile = []
    awaited = nil
    retentions = []
    start = max(start, newStart)
  }

  /// The disk refused batches; what is there will be known after the cut that follows.
  mutating func refused() {
    producers = nil
    appendedMeanwhile = []
    awaited = nil
  }

  /// - Returns: the offset from which on records are kept, when it is another one now.
  mutating func committed(through index: LogIndex) -> Offset? {
    let before = start
    while let first = retentions.first, first.index <= index {
      retentions.removeFirst()
      start = max(start, first.start)
    }
    return start > before ? start : nil
  }
}
