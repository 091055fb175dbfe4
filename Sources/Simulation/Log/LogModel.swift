package import CommitLog
package import NIOCore

/// What a log must hold, as one knows it who called it.
///
/// All batches since the first one ever are kept, those too that were removed from the front: the log's state follows from
/// all of them.
package struct LogModel: Sendable {
  /// A change that was begun. It may have been done, in part where that makes a log, until it is known what became of it.
  package enum Change: Sendable {
    case append([RecordBatch])
    /// To that many batches.
    case cut(to: Int)
    case remove(before: Offset)
    case setClusterID(String)
    /// The log is replaced by an empty one that starts behind these batches, the first ever among them.
    case reset(behind: [RecordBatch])
    case saveVote(ByteBuffer)
  }

  package private(set) var batches: [RecordBatch] = []
  /// `ends[n]` is the end of a log of n batches.
  package private(set) var ends: [LogEnd]
  /// Batches that were acknowledged: they survive a loss of power.
  private var flushedCount = 0
  /// The start as it was seen last. The log may have been told to remove more, up to `removalLimit`.
  package private(set) var start: LogEnd
  private var removalLimit: Offset
  package private(set) var clusterID: String?
  private var clusterIDInDoubt: String?
  package private(set) var vote = ByteBuffer()
  private var voteInDoubt: ByteBuffer?
  /// Once an opening succeeded, the log is there for good, under this name.
  package private(set) var incarnation: LogIncarnation?
  private var change: Change?
  /// The least number of batches that the next opening may find.
  private var leastCount = 0
  /// Since the last opening: then the page cache is gone, whatever happens next.
  private var hasLostPower = false

  package init(initialOffset: Offset) {
    start = LogEnd(nextIndex: LogIndex(1), nextOffset: initialOffset, lastTerm: Term(0))
    ends = [start]
    removalLimit = initialOffset
  }

  package var end: LogEnd { ends[batches.count] }
  package var flushedEnd: LogEnd { ends[flushedCount] }
  package var removedCount: Int { Int(start.nextIndex.rawValue) - 1 }

  // MARK: Changes

  package mutating func begin(_ change: Change) {
    precondition(self.change == nil, "a change begins while another is in doubt")
    self.change = change
    if case .remove(let offset) = change { removalLimit = max(removalLimit, min(offset, flushedEnd.nextOffset)) }
    if case .setClusterID(let id) = change { clusterIDInDoubt = id }
    if case .saveVote(let vote) = change { voteInDoubt = vote }
  }

  /// It was done: the call returned.
  package mutating func complete() {
    switch change {
    case .append(let added): add(added)
    case .cut(let count):
      cut(to: count)
      // What stays was made durable along the way.
      flushedCount = count
    case .setClusterID(let id):
      clusterID = id
      clusterIDInDoubt = nil
    case .reset(let history): reset(behind: history)
    case .saveVote(let saved):
      vote = saved
      voteInDoubt = nil
    case .remove, nil: break
    }
    change = nil
  }

  /// It was refused, and the log goes on as if it had not been asked. But a removal is done one segment after the other, so that
  /// the log may start later; and a name may have been written before the error.
  /// - Returns: whether the log may start there.
  package mutating func refuse(start: LogEnd) -> Bool {
    defer { change = nil }
    guard case .remove = change else { return start == self.start }
    guard start.nextIndex >= self.start.nextIndex, start.nextOffset <= removalLimit, ends.contains(start) else {
      return false
    }
    self.start = start
    return true
  }

  package mutating func flush() {
    flushedCount = batches.count
  }

  /// Segments before here are gone.
  package mutating func removed(upTo start: LogEnd) {
    self.start = start
  }

  private mutating func add(_ added: [RecordBatch]) {
    for batch in added {
      batches.append(batch)
      ends.append(
        LogEnd(nextIndex: batch.index.advanced(by: 1), nextOffset: batch.nextOffset, lastTerm: batch.term))
    }
  }

  private static func end(of history: [RecordBatch]) -> LogEnd? {
    history.last.map {
      LogEnd(nextIndex: $0.index.advanced(by: 1), nextOffset: $0.nextOffset, lastTerm: $0.term)
    }
  }

  private mutating func reset(behind history: [RecordBatch]) {
    batches = []
    ends.removeLast(ends.count - 1)
    add(history)
    flushedCount = batches.count
    leastCount = 0
    start = end
    removalLimit = start.nextOffset
  }

  private mutating func cut(to count: Int) {
    batches.removeLast(batches.count - count)
    ends.removeLast(ends.count - count - 1)
  }

  // MARK: The next opening

  /// The power was lost.
  package mutating func crash() {
    leastCount = flushedCount
    hasLostPower = true
  }

  /// The process was killed.
  package mutating func kill() {
    if !hasLostPower { leastCount = batches.count }
  }

  /// Takes what an opening found, if that is possible.
  /// - Returns: what is wrong with it.
  package mutating func reopen(_ log: Log) -> String? {
    let (found, end, metadata) = (log.start, log.acceptedEnd, log.metadata)
    if case .append(let added) = change { add(added) }
    if case .reset(let history) = change, found == end, found == Self.end(of: history) { reset(behind: history) }
    let least = if case .cut(let count) = change { min(leastCount, count) } else { leastCount }
    let count = Int(end.nextIndex.rawValue) - 1
    guard count >= least, count <= batches.count else {
      return "it ends after \(count) batches; there must be \(least) at least and \(batches.count) at most"
    }
    cut(to: count)
    guard end == self.end else { return "it ends at \(end) and not at \(self.end)" }
    let removed = Int(found.nextIndex.rawValue) - 1
    guard removed >= removedCount, removed <= count, ends[removed] == found, found.nextOffset <= removalLimit
    else {
      return
        "it starts at \(found), but started at \(start), and was told to remove what is before offset \(removalLimit)"
    }
    guard metadata.clusterID == clusterID || metadata.clusterID == clusterIDInDoubt else {
      return "it belongs to cluster \(metadata.clusterID ?? "none") and not to \(clusterID ?? "none")"
    }
    guard log.vote == vote || log.vote == voteInDoubt else {
      return "its vote is \(log.vote) and not \(vote)"
    }
    guard incarnation == nil || incarnation == metadata.incarnation else { return "it was begun anew" }
    start = found
    removalLimit = found.nextOffset
    incarnation = metadata.incarnation
    clusterID = metadata.clusterID
    clusterIDInDoubt = nil
    vote = log.vote
    voteInDoubt = nil
    change = nil
    hasLostPower = false
    // Opening makes durable what it finds.
    flushedCount = count
    return nil
  }

  // MARK: Look-ups

  /// The batch that holds the record at an offset, among those that the log still has.
  func batch(at offset: Offset) -> RecordBatch? {
    batches.dropFirst(removedCount).first { $0.baseOffset <= offset && offset < $0.nextOffset }
  }

  func offset(at time: Timestamp) -> Offset {
    let found = batches[..<flushedCount].dropFirst(removedCount).first { $0.appendTime >= time }
    return found?.baseOffset ?? flushedEnd.nextOffset
  }
}
