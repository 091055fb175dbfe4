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
    // A process that was killed leaves batches in the page cache that no sync has seen, and after a sync that failed they
    // look clean without being on the disk (the PostgreSQL fsync bug of 2018). Written again they are dirty for sure.
    let firstInDoubt =
      replay.markedEnd.map { FilePosition($0.rawValue - UInt64(SyncMark.bytes)) } ?? store.firstPosition
    try store.rewrite(from: firstInDoubt, to: replay.scanned)
    try store.file.sync()
    let index = try Index.createForReading(
      in: directory, header: store.header, entries: replay.entries, maximumBytes: configuration.maximumIndexBytes)
    // For the index, and for a note of a cut whose remover was killed before it synced: it must not come back.
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

  private static func cutTornTail(
    of store: Store, at position: FilePosition, size: FilePosition, _ what: String, _ report: inout RecoveryReport
  ) throws(LogError) {
    switch try store.judge(what, at: position, size: size) {
    case .unused: return
    case .damaged(let what): throw store.damaged(at: position, what)
    case .torn(let bytes):
      // No mark follows, so that zeros from here on without the new length are a torn tail again: no note is needed.
      try store.file.truncate(to: position.rawValue)
      report.tornTail = RecoveryReport.TornTail(file: store.file.path, position: position, bytes: bytes)
    }
  }
}
