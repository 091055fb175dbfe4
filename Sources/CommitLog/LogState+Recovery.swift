import NIOCore

extension LogState {
  /// Opens a segment that has a successor. It was synced whole before that one was made, so only its last batches are read:
  /// they must lead to where the next segment begins.
  static func openSealed(
    _ store: Store, next: Store, in directory: Directory, _ configuration: Log.Configuration,
    _ report: inout RecoveryReport
  ) throws(LogError) -> Segment {
    let end = FilePosition(try store.file.size())
    if let index = try Index.openSealed(in: directory, header: store.header), let last = index.last {
      let segment = Segment(store: store, index: index, readableEnd: end)
      if var cursor = try segment.cursor(at: last, to: end) {
        try check(&cursor, of: store, leadsTo: next)
        return segment
      }
    }
    var cursor = store.scan(to: end)
    try check(&cursor, of: store, leadsTo: next)
    let index = try makeIndex(of: store, in: directory)
    report.rebuiltIndexes.append(index.path)
    return Segment(store: store, index: index, readableEnd: end)
  }

  private static func check(
    _ cursor: inout StoreCursor, of store: Store, leadsTo next: Store
  ) throws(LogError) {
    walk: while true {
      switch try cursor.next() {
      case .batch: continue
      case .end: break walk
      case .invalid(let what): throw store.damaged(at: cursor.position, what)
      }
    }
    guard cursor.expected == next.header.base else {
      let end = cursor.expected ?? store.header.base
      let base = next.header.base
      throw next.damaged(
        at: FilePosition(8),
        """
        it begins with index \(base.nextIndex), offset \(base.nextOffset) after term \(base.lastTerm), but the segment \
        before it ends at index \(end.nextIndex), offset \(end.nextOffset), term \(end.lastTerm)
        """)
    }
  }

  func makeIndex(of store: Store) throws(LogError) -> Index {
    try Self.makeIndex(of: store, in: directory)
  }

  /// An index of just the size it needs, for a store that gets no more batches.
  private static func makeIndex(of store: Store, in directory: Directory) throws(LogError) -> Index {
    var cursor = store.scan(to: FilePosition(try store.file.size()))
    var builder = IndexBuilder(base: store.header.base)
    var entries: [IndexEntry] = []
    while case .batch(let batch, let position) = try cursor.next() {
      if let entry = builder.entry(for: batch, at: position) { entries.append(entry) }
    }
    return try Index.createForReading(
      in: directory, header: store.header, entries: entries, maximumBytes: Index.bytes(entries: entries.count))
  }

  /// Goes through the last segment, cuts what was being written when the log stopped, and makes its index anew.
  static func recover(
    _ store: Store, after sealed: [Segment], in directory: Directory, _ configuration: Log.Configuration,
    _ report: inout RecoveryReport
  ) throws(LogError) -> LogState {
    let size = FilePosition(try store.file.size())
    var cursor = store.scan(to: size)
    var builder = IndexBuilder(base: store.header.base)
    var entries: [IndexEntry] = []
    walk: while true {
      switch try cursor.next() {
      case .batch(let batch, let position):
        if let entry = builder.entry(for: batch, at: position) { entries.append(entry) }
      case .end:
        break walk
      case .invalid(let what):
        try cutTornTail(of: store, at: cursor.position, size: size, what, &report)
        break walk
      }
    }
    // A process that was killed leaves batches in the page cache that no sync has seen.
    try store.file.sync()
    let index = try Index.createForReading(
      in: directory, header: store.header, entries: entries, maximumBytes: configuration.maximumIndexBytes)
    try directory.sync()
    let segment = Segment(store: store, index: index, readableEnd: cursor.position)
    let end = cursor.expected ?? store.header.base
    let allocated = report.tornTail == nil ? size : cursor.position
    var state = LogState(
      directory: directory, configuration: configuration, incarnation: store.header.incarnation,
      segments: sealed + [segment], end: cursor.position, allocated: allocated, indexBuilder: builder, accepted: end,
      flushed: end)
    if cursor.markedEnd != cursor.position { state.mark() }
    return state
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
