package import CommitLog
package import NIOCore

/// Where a log starts and what followed from everything before: metadata only, for the data are the batches from there on.
package struct Snapshot: Hashable, Sendable {
  package var start: LogEnd
  package var configuration: ConfigurationHistory.Entry
  /// What else follows from the batches before, as CommitLog encodes it; opaque here.
  package var state: ByteBuffer

  package init(start: LogEnd, configuration: ConfigurationHistory.Entry, state: ByteBuffer) {
    self.start = start
    self.configuration = configuration
    self.state = state
  }

  /// The last entry that it stands for.
  var last: EntryID { start.last }
}

extension LogEnd {
  /// The entry before.
  var last: EntryID { EntryID(index: nextIndex.preceding, term: lastTerm) }
}

extension LogIndex {
  var preceding: LogIndex {
    precondition(rawValue > 0, "nothing precedes index 0")
    return LogIndex(rawValue - 1)
  }

  var following: LogIndex { LogIndex(rawValue + 1) }
}
