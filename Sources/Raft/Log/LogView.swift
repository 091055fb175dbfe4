import CommitLog
import DequeModule

/// What the core knows of its log: where it starts and ends, the terms between, and the batches that are not on disk yet.
/// The log itself is the shell's.
struct LogView: Sendable {
  /// The first index, and what precedes it.
  private(set) var start: LogEnd
  private(set) var end: LogEnd
  private(set) var terms: TermHistory
  /// The newest batches, those not yet on disk among them: sent to followers while the disk writes (thesis §10.2.1).
  private(set) var unstable: Deque<RecordBatch> = []
  private(set) var unstableBytes = 0

  init(start: LogEnd, end: LogEnd, terms: TermHistory) {
    self.start = start
    self.end = end
    self.terms = terms
  }

  var last: EntryID { end.last }
  var lastIndex: LogIndex { end.nextIndex.preceding }
  var isEmpty: Bool { end.nextIndex == start.nextIndex }

  /// nil when the log does not know: before its start, after its end, or in terms that it has forgotten.
  func term(at index: LogIndex) -> Term? {
    if index == start.nextIndex.preceding { return start.lastTerm }
    guard index >= start.nextIndex, index < end.nextIndex else { return nil }
    return terms.term(at: index)
  }

  func contains(_ entry: EntryID) -> Bool { term(at: entry.index) == entry.term }

  mutating func append(_ batches: some Sequence<RecordBatch>) {
    for batch in batches {
      precondition(
        batch.index == end.nextIndex && batch.baseOffset == end.nextOffset && batch.term >= end.lastTerm,
        "batch \(batch.index)@\(batch.term) at offset \(batch.baseOffset) does not continue a log that ends at \(end)")
      terms.append(batch.term, at: batch.index)
      end = LogEnd(nextIndex: batch.index.following, nextOffset: batch.nextOffset, lastTerm: batch.term)
      unstable.append(batch)
      unstableBytes += batch.byteCount
    }
  }

  /// Removes everything from `index` on; `nextOffset` is where the log goes on.
  mutating func truncate(from index: LogIndex, nextOffset: Offset) {
    precondition(index >= start.nextIndex && index <= end.nextIndex, "cut at \(index) of \(start) to \(end)")
    while let batch = unstable.last, batch.index >= index {
      unstable.removeLast()
      unstableBytes -= batch.byteCount
    }
    terms.truncate(from: index)
    let term = index == start.nextIndex ? start.lastTerm : terms.term(at: index.preceding)
    end = LogEnd(nextIndex: index, nextOffset: nextOffset, lastTerm: term ?? start.lastTerm)
  }

  /// The log was cut from the front.
  mutating func moveStart(to newStart: LogEnd) {
    guard newStart.nextIndex > start.nextIndex else { return }
    precondition(newStart.nextIndex <= end.nextIndex, "a log that ends at \(end) starts at \(newStart)")
    terms.remove(before: newStart.nextIndex)
    start = newStart
  }

  mutating func reset(to newStart: LogEnd) {
    self = LogView(start: newStart, end: newStart, terms: TermHistory())
  }

  /// What is on disk is read from there.
  mutating func flushed(through index: LogIndex) {
    while let batch = unstable.first, batch.index <= index {
      unstable.removeFirst()
      unstableBytes -= batch.byteCount
    }
  }

  /// Batches from `index` on, as many as fit, one at least; nil when the first is not in memory.
  func unstable(from index: LogIndex, maximumBytes: Int) -> [RecordBatch]? {
    guard let first = unstable.first?.index, first <= index, index < end.nextIndex else { return nil }
    var bytes = 0
    var batches: [RecordBatch] = []
    for batch in unstable[Int(index.rawValue - first.rawValue)...] {
      bytes += batch.byteCount
      if !batches.isEmpty, bytes > maximumBytes { break }
      batches.append(batch)
    }
    return batches
  }

  /// The last place at or before `index` where a log that has `term` there can match this one (paper §5.3, end: what a
  /// follower or leader can skip without asking for each index).
  func lastPossibleMatch(at index: LogIndex, term: Term) -> EntryID {
    var candidate = min(index, lastIndex)
    while candidate >= start.nextIndex, let known = self.term(at: candidate), known > term {
      guard let runStart = terms.start(ofRunHolding: candidate) else { break }
      candidate = max(runStart, start.nextIndex).preceding
    }
    return EntryID(index: candidate, term: self.term(at: candidate) ?? Term(0))
  }
}
