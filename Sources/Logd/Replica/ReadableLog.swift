import CommitLog
import DequeModule

/// Up to where the log can be read: what is committed and on this disk.
///
/// A value type without I/O. The core speaks of indexes; readers want offsets, and where each batch ends is known for those that
/// came since the log was opened. Of a batch that was found in the log it has to be looked up, once.
struct ReadableLog: Equatable {
  /// Behind the last batch that can be read.
  private(set) var end: LogEnd
  private(set) var committed: LogIndex
  private var flushed: LogIndex
  /// Where each batch ends that came since the log was opened and cannot be read yet, in log order.
  private var ends: Deque<LogEnd> = []
  /// Behind the last batch that was found when the log was opened; nil once those cannot be read up to there any more.
  private var found: LogEnd?
  /// The batch whose end is being looked up.
  private var sought: LogIndex?

  enum Step: Equatable {
    case none
    /// ``end`` moved.
    case advanced
    /// Read the batch with that index, and call ``located(_:)``.
    case locate(LogIndex)
  }

  /// - Parameters:
  ///   - start: nothing before it is there, and all of that was committed.
  ///   - found: the end of the log, all of it on the disk.
  init(start: LogEnd, found: LogEnd) {
    end = start
    committed = start.lastIndex
    flushed = found.lastIndex
    self.found = found
  }

  /// Behind everything that the log has, readable or not.
  mutating func appended(_ batches: [RecordBatch]) {
    for batch in batches {
      ends.append(LogEnd(nextIndex: batch.index.advanced(by: 1), nextOffset: batch.nextOffset, lastTerm: batch.term))
    }
  }

  /// What is there from `index` on is cut off. It is not committed.
  mutating func truncated(from index: LogIndex) {
    while let last = ends.last, last.lastIndex >= index { ends.removeLast() }
    // Where the rest ends is not known; what comes next will be.
    if let last = found, last.lastIndex >= index { found = nil }
    flushed = min(flushed, LogIndex(index.rawValue - 1))
  }

  /// The log is replaced by an empty one.
  mutating func reset(to start: LogEnd) {
    let before = end
    self = ReadableLog(start: start, found: start)
    // Readers have seen more than that only of a log that was committed as far.
    if before.nextIndex > start.nextIndex { end = start }
  }

  /// - Parameters:
  ///   - committed: as the core says. It never falls.
  ///   - flushed: what is on this disk; it may fall when the log is cut.
  mutating func moved(committed: LogIndex, flushed: LogIndex) -> Step {
    self.committed = max(self.committed, committed)
    self.flushed = flushed
    return settle()
  }

  mutating func located(_ location: LogEnd) -> Step {
    sought = nil
    guard location.nextIndex > end.nextIndex, location.lastIndex <= min(committed, flushed) else { return settle() }
    end = location
    _ = settle()
    return .advanced
  }

  /// The batch could not be read: it is looked for again with the next event.
  mutating func notLocated() { sought = nil }

  private mutating func settle() -> Step {
    let target = min(committed, flushed)
    guard target > end.lastIndex else { return .none }
    var isAdvanced = false
    if let found, found.lastIndex <= target, found.nextIndex > end.nextIndex {
      end = found
      isAdvanced = true
    }
    while let first = ends.first, first.lastIndex <= target {
      ends.removeFirst()
      guard first.nextIndex > end.nextIndex else { continue }
      end = first
      isAdvanced = true
    }
    if isAdvanced { return .advanced }
    guard sought == nil else { return .none }
    sought = target
    return .locate(target)
  }
}

extension LogEnd {
  /// Of the last batch before it.
  var lastIndex: LogIndex { LogIndex(nextIndex.rawValue - 1) }
}
