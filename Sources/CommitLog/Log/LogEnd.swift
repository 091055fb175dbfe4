/// Where the log goes on: what the next batch must have, and the term of the last one.
package struct LogEnd: Hashable, Sendable {
  package var nextIndex: LogIndex
  package var nextOffset: Offset
  package var lastTerm: Term

  package init(nextIndex: LogIndex, nextOffset: Offset, lastTerm: Term) {
    self.nextIndex = nextIndex
    self.nextOffset = nextOffset
    self.lastTerm = lastTerm
  }

  /// Whether the batch comes right here: index and offset without gap or overlap, and the term does not fall.
  func isContinued(by batch: RecordBatch) -> Bool {
    batch.index == nextIndex && batch.baseOffset == nextOffset && batch.term >= lastTerm
  }

  func after(_ batch: RecordBatch) -> LogEnd {
    LogEnd(nextIndex: batch.index.advanced(by: 1), nextOffset: batch.nextOffset, lastTerm: batch.term)
  }
}

/// Batches written, but perhaps only to the page cache: nothing that may be acknowledged.
package struct Accepted: Hashable, Sendable {
  package let end: LogEnd
}

/// Batches that survive a loss of power. Only this module makes this value (its
/// initializer is internal), after a sync; an acknowledgement needs one.
package struct Flushed: Hashable, Sendable {
  package let end: LogEnd
}
