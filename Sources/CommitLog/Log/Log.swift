package import NIOCore
import Synchronization

/// An append-only log in a directory: segments of batches, one writer at a time, any number of readers.
///
/// A batch is *accepted* when ``append(_:)`` returns and *flushed* when ``flush()`` does; readers see flushed batches only.
/// Calls that write do I/O under a lock of their own; readers take a lock for nanoseconds and do their I/O outside it.
package final class Log: Sendable {
  package let configuration: Configuration
  /// What opening found.
  package let recovery: RecoveryReport
  let directory: Directory
  private let metadataSlot: Mutex<LogMetadata>
  private let writer: Mutex<LogState>
  private let voteFile: Mutex<VoteFile>
  private let published: Mutex<View>
  private let tail: Mutex<TailCache>
  let cache: SegmentCache

  /// What readers see. Taken as a whole, used outside the lock.
  struct View {
    var segments: [Segment]
    var accepted: LogEnd
    var flushed: LogEnd
    /// The latest append time of any accepted batch.
    var maximumAppendTime: Timestamp
    var failure: LogError?
    /// Grows whenever something is cut from the back: what was read meanwhile may be of before or after.
    var truncations = 0

    var start: LogEnd { segments[0].base }
  }

  /// Opens the log in a directory, or begins one there.
  package init(
    directory path: String, configuration: Configuration = Configuration(),
    fileSystem: any FileSystem = DiskFileSystem()
  ) throws(LogError) {
    try configuration.validate()
    let opened = try LogState.open(path, configuration, in: fileSystem)
    self.configuration = configuration
    directory = opened.state.directory
    recovery = opened.report
    metadataSlot = Mutex(opened.metadata)
    published = Mutex(
      View(
        segments: opened.state.segments, accepted: opened.state.accepted, flushed: opened.state.flushed,
        maximumAppendTime: opened.state.derived.maximumAppendTime, failure: nil))
    tail = Mutex(TailCache(limit: configuration.tailCacheBytes, flushed: opened.state.flushed.nextIndex))
    cache = opened.state.cache
    writer = Mutex(opened.state)
    voteFile = Mutex(opened.vote)
  }

  package var metadata: LogMetadata { metadataSlot.withLock { $0 } }
  /// The directory.
  package var path: String { directory.path }
  /// Reads tail under a lock, for the newest batches that are flushed.
  func cached(_ key: LogKey, maximumBytes: Int) -> [RecordBatch]? {
    tail.withLock { $0.read(key, maximumBytes: maximumBytes) }
  }

  /// The log's first index and offset, and the term before it.
  package var start: LogEnd { published.withLock { $0.start } }
  package var startOffset: Offset { start.nextOffset }
  package var acceptedEnd: LogEnd { published.withLock { $0.accepted } }
  package var flushedEnd: LogEnd { published.withLock { $0.flushed } }
  /// Where the log was flushed up to when it was opened, or since.
  package var flushed: Flushed { Flushed(end: flushedEnd) }
  package var segmentCount: Int { published.withLock { $0.segments.count } }
  /// Indexes of sealed segments that were missing or wrong, and were made anew from their stores.
  package var rebuiltIndexes: Int { cache.rebuilds.count }

  /// What follows from all accepted batches.
  package var derivedState: DerivedState { writer.withLock { $0.derived } }

  /// Whether nothing can be written any more.
  package var hasFailed: Bool { published.withLock { $0.failure != nil } }

  func view() throws(LogError) -> View {
    let view = published.withLock { $0 }
    if let failure = view.failure { throw failure }
    return view
  }

  /// Writes stamped batches, all of them or none, after the last one. They are neither durable nor readable yet.
  @discardableResult
  package func append(_ batches: [RecordBatch]) throws(LogError) -> Accepted {
    try change { (state) throws(LogError) in
      let accepted = try state.append(batches)
      tail.withLock { $0.append(batches) }
      return accepted
    }
  }

  /// Makes everything accepted durable, and readable.
  @discardableResult
  package func flush() throws(LogError) -> Flushed {
    try change { (state) throws(LogError) in
      let flushed = try state.flush()
      tail.withLock { $0.flush(before: flushed.end.nextIndex) }
      return flushed
    }
  }

  /// Notes on the disk that everything flushed is, so that damage of it is never taken for a torn write. For when nothing is
  /// being written; a batch that follows a flush takes the note along.
  package func mark() {
    writer.withLock { $0.mark() }
  }

  /// Removes the batch with that index and all after it, which another leader's log contradicts. Durable on return. When it
  /// throws and the log has not failed, nothing was removed.
  package func truncate(from index: LogIndex) throws(LogError) {
    try change { (state) throws(LogError) in
      guard let cut = try state.cut(from: index) else { return }
      try state.announce(cut)
      published.withLock { view in
        view.segments.removeLast(view.segments.count - cut.segments)
        view.accepted = cut.end
        if view.flushed.nextIndex > cut.end.nextIndex { view.flushed = cut.end }
        view.truncations += 1
      }
      tail.withLock { $0.truncate(from: index) }
      try state.failing { (state) throws(LogError) in try state.perform(cut) }
      tail.withLock { $0.flush(before: state.flushed.nextIndex) }
    }
  }

  /// Replaces the log by an empty one that starts there, with what followed from the batches before: all of that or none
  /// after a crash. Durable on return. When it throws and the log has not failed, nothing was changed.
  package func reset(to start: LogEnd, state reset: DerivedState) throws(LogError) {
    try change { (state) throws(LogError) in
      let intent = try state.announceReset(to: start, state: reset)
      try state.failing { (state) throws(LogError) in try state.perform(intent) }
      published.withLock { $0.truncations += 1 }
      tail.withLock { tail in
        tail = TailCache(limit: configuration.tailCacheBytes, flushed: start.nextIndex)
      }
    }
  }

  /// What followed from all batches before the log's start.
  package func startState() throws(LogError) -> (start: LogEnd, state: DerivedState) {
    while true {
      let segment = try view().segments[0]
      // Removed meanwhile: the log starts later now.
      guard let files = try segment.open() else { continue }
      return (segment.base, try files.store.checkpoint())
    }
  }

  /// What ``saveVote(_:)`` saved last; empty at first.
  package var vote: ByteBuffer { voteFile.withLock { $0.content } }

  /// Saves what must not be forgotten besides the log, up to ``maximumVoteBytes``. Durable on return; when it throws the log has
  /// failed, for nobody knows what is saved.
  package func saveVote(_ vote: ByteBuffer) throws(LogError) {
    try change { (state) throws(LogError) in
      try state.checkUsable()
      try state.failing { (_) throws(LogError) in
        try voteFile.withLock { (file) throws(LogError) in try file.save(vote) }
      }
    }
  }

  package static let maximumVoteBytes = VoteFile.maximumContentBytes

  /// Removes the segments whose records are all before the offset. What is not flushed stays; when all of the last segment is to
  /// go, another one is begun after it. On an error some may be gone: see `start`.
  /// - Returns: the start of the log now.
  @discardableResult
  package func removeSegments(before offset: Offset) throws(LogError) -> LogEnd {
    try change { (state) throws(LogError) in
      try state.checkUsable()
      let limit = min(offset, state.flushed.nextOffset)
      try removeSealed(before: limit, &state)
      if state.flushed == state.accepted, state.flushed.nextOffset <= limit {
        // The others first: on a full disk they make room for the next one.
        try state.sealLastSegment()
        try removeSealed(before: limit, &state)
      }
      return state.segments[0].base
    }
  }

  private func removeSealed(before limit: Offset, _ state: inout LogState) throws(LogError) {
    while state.segments.count > 1, state.segments[1].base.nextOffset <= limit,
      state.segments[1].base.nextIndex <= state.flushed.nextIndex
    {
      let oldest = state.segments.removeFirst()
      published.withLock { $0.segments = state.segments }
      tail.withLock { $0.remove(before: state.segments[0].base.nextIndex) }
      // Going on after an error would remove later segments and leave a gap.
      try state.failing { (state) throws(LogError) in try state.remove(oldest) }
    }
  }

  /// Notes which cluster the log belongs to, once and for all.
  package func setClusterID(_ id: String) throws(LogError) {
    try changeMetadata { (metadata) throws(LogError) in
      try Self.check(clusterID: id)
      if let present = metadata.clusterID, present != id {
        throw .invalidConfiguration("the log belongs to cluster \(present) and cannot join \(id)")
      }
      metadata.clusterID = id
    }
  }

  /// Notes that the log leaves its cluster and begins another one with what it has. Durable on return: whatever becomes of the
  /// process, the log is of no use to the old one any more.
  package func beginCluster(_ id: String) throws(LogError) {
    try changeMetadata { (metadata) throws(LogError) in
      try Self.check(clusterID: id)
      metadata.clusterID = id
      metadata.isBeginningCluster = true
    }
  }

  /// The cluster's first configuration is in the log.
  package func clusterHasBegun() throws(LogError) {
    try changeMetadata { $0.isBeginningCluster = false }
  }

  private static func check(clusterID id: String) throws(LogError) {
    guard !id.isEmpty, id.utf8.count <= LogMetadata.maximumClusterIDBytes else {
      throw .invalidConfiguration(
        "a cluster id has 1 to \(LogMetadata.maximumClusterIDBytes) bytes, not \(id.utf8.count)")
    }
  }

  /// All of it or nothing.
  private func changeMetadata(_ body: (inout LogMetadata) throws(LogError) -> Void) throws(LogError) {
    try change { (state) throws(LogError) in
      try state.checkUsable()
      let present = metadataSlot.withLock { $0 }
      var metadata = present
      try body(&metadata)
      guard metadata != present else { return }
      do throws(LogError) {
        _ = try directory.create(LogMetadata.name, content: [metadata.encoded()])
      } catch {
        if case .syncFailed = error { state.failure = error }
        throw error
      }
      metadataSlot.withLock { [metadata] in $0 = metadata }
    }
  }

  /// Whether the disk takes that many bytes more: tried with a file that is removed again.
  package func hasRoom(for bytes: Int) -> Bool {
    // Removed when the log is opened, should the process end in between.
    let name = "room" + Directory.temporarySuffix
    defer { do throws(LogError) { try directory.remove(name) } catch {} }
    do throws(LogError) {
      try directory.open(name, .created).allocate(from: 0, to: UInt64(bytes))
      return true
    } catch {
      return false
    }
  }

  /// Flushes and closes. A log that failed is closed as it is.
  package func close() throws(LogError) {
    try change { (state) throws(LogError) in
      guard state.failure != .closed else { return }
      try state.close()
    }
  }

  /// Runs one change after the other and publishes where each left the log.
  private func change<Result: Sendable>(
    _ body: (inout LogState) throws(LogError) -> Result
  ) throws(LogError) -> Result {
    try writer.withLock { (state) throws(LogError) in
      defer {
        published.withLock { view in
          view.segments = state.segments
          view.accepted = state.accepted
          view.flushed = state.flushed
          view.maximumAppendTime = state.derived.maximumAppendTime
          view.failure = state.failure
        }
      }
      return try body(&state)
    }
  }
}
