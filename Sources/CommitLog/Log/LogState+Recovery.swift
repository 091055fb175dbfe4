extension LogState {
  /// Goes through the last segment, cuts what was being written when the log stopped, and makes its index anew.
  static func recover(
    _ store: Store, after sealed: [Segment], in directory: Directory, _ configuration: Log.Configuration,
    _ cache: SegmentCache, _ report: inout RecoveryReport
  ) throws(LogError) -> LogState {
    let size = FilePosition(try store.file.size())
    var replay = try Replay(of: store, to: size)
    walk: while true {
      switch try replay.next() {
      case .batch: continue
      case .end: break walk
      case .invalid(let what):
        try cutTornTail(of: store, at: replay.scanned, size: size, what, &report)
        break walk
      }
    }
    // A process that was killed leaves batches in the page cache that no sync has seen.
    try store.file.sync()
    let index = try Index.createForReading(
      in: directory, header: store.header, entries: replay.entries, maximumBytes: configuration.maximumIndexBytes)
    try directory.sync()
    let files = OpenSegment(store: store, index: index)
    let end = replay.scanned
    return LogState(
      directory: directory, configuration: configuration, incarnation: store.header.incarnation, cache: cache,
      segments: sealed + [Segment(active: files, in: directory, readableEnd: end, rebuilds: cache.rebuilds)],
      active: files,
      end: end, owesMark: replay.markedEnd != end && end > store.firstPosition,
      allocated: report.tornTail == nil ? size : end, indexBuilder: replay.indexBuilder, derived: replay.derived,
      accepted: replay.end, flushed: replay.end)
  }

  /// Decides what bad bytes after the last good batch are. Zeros are room not yet used. A sync mark somewhere after them says
  /// that they were synced once: damage. Else they are what a crash left of a write that nobody was told of.
  private static func cutTornTail(
    of store: Store, at position: FilePosition, size: FilePosition, _ what: String, _ report: inout RecoveryReport
  ) throws(LogError) {
    guard let dataEnd = try store.endOfData(from: position, to: size) else { return }
    if let mark = try store.firstMark(from: position, to: size) {
      throw store.damaged(at: position, "\(what); it was synced before byte \(mark) was written")
    }
    try store.file.truncate(to: position.rawValue)
    report.tornTail = RecoveryReport.TornTail(
      file: store.file.path, position: position, bytes: dataEnd.rawValue - position.rawValue)
  }
}
