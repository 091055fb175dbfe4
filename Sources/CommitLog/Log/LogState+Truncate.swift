extension LogState {
  /// What stays when the log is cut from the back.
  struct Cut {
    /// Number of segments that stay; the last of them is cut.
    let segments: Int
    let position: FilePosition
    let end: LogEnd
    /// As of `end`.
    let derived: DerivedState
    /// For the index of what stays.
    let entries: [IndexEntry]
    let indexBuilder: IndexBuilder
    let store: Store
  }

  /// Reads where the cut is to be. nil when there is nothing to cut.
  func cut(from index: LogIndex) throws(LogError) -> Cut? {
    try checkUsable()
    let start = segments[0].base.nextIndex
    guard index >= start, index <= accepted.nextIndex else {
      throw .indexOutOfRange(requested: index, start: start, end: accepted.nextIndex)
    }
    guard index < accepted.nextIndex, let last = segments.lastIndex(where: { $0.base.nextIndex <= index }) else {
      return nil
    }
    guard let files = last == segments.count - 1 ? active : try segments[last].open() else {
      preconditionFailure("the segment at \(segments[last].base) is in the log and was removed")
    }
    let store = files.store
    let limit = last == segments.count - 1 ? end : FilePosition(try store.file.size())
    // From the segment's start, for its checkpoint is the last state at hand.
    var replay = try Replay(of: store, to: limit)
    while replay.end.nextIndex < index {
      guard case .batch = try replay.next() else {
        throw store.damaged(at: replay.position, "no batch with index \(replay.end.nextIndex)")
      }
    }
    return Cut(
      segments: last + 1, position: replay.position, end: replay.end, derived: replay.derived, entries: replay.entries,
      indexBuilder: replay.indexBuilder, store: store)
  }

  /// Notes the cut on the disk. When that is refused, as by a full disk, the log is as it was and goes on: its records can be
  /// read still, and the cut be tried again, which is better than a process that ends and meets the same disk.
  mutating func announce(_ cut: Cut) throws(LogError) {
    // Whoever finds the note relies on everything before the cut.
    if flushed != accepted, cut.segments == segments.count {
      try failing { (state) throws(LogError) in try state.active.store.file.sync() }
    }
    try announce(
      CutIntent(incarnation: incarnation, base: cut.store.header.base.nextIndex, position: cut.position))
  }

  /// Cuts the files, the newest first, as the note says. After a crash in the middle the next opening does it again.
  mutating func perform(_ cut: Cut) throws(LogError) {
    while segments.count > cut.segments {
      try remove(lastSegment)
      segments.removeLast()
    }
    // A mark at the cut would be true no longer once something else follows it, so the cut is before it.
    try cut.store.cut(at: cut.position)
    try CutIntent.remove(in: directory)
    let index = try Index.createForReading(
      in: directory, header: cut.store.header, entries: cut.entries, maximumBytes: configuration.maximumIndexBytes)
    active = OpenSegment(store: cut.store, index: index)
    lastSegment.replaceFiles(active)
    cache.forget(lastSegment)
    indexBuilder = cut.indexBuilder
    derived = cut.derived
    end = cut.position
    allocated = cut.position
    accepted = cut.end
    // What stays was synced just now, or when its segment was sealed. Segments that were removed have no readers any more.
    showFlushed()
  }
}
