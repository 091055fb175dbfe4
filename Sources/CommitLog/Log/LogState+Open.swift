import NIOCore

extension LogState {
  struct Opened {
    var state: LogState
    var vote: VoteFile
    var metadata: LogMetadata
    var report: RecoveryReport
  }

  /// Opens a log or begins one. Nothing but unfinished work is ever removed; everything else that does not fit is an error.
  static func open(
    _ path: String, _ configuration: Log.Configuration, in fileSystem: any FileSystem
  ) throws(LogError) -> Opened {
    let directory = try Directory(path, in: fileSystem)
    let lock = try DirectoryLock(directory)
    var report = RecoveryReport()
    for name in try directory.names() where name.hasSuffix(Directory.temporarySuffix) {
      try directory.remove(name)
      report.removedFiles.append(directory.path(of: name))
    }
    let metadata: LogMetadata
    if let present = try readMetadata(directory) {
      metadata = present
    } else {
      metadata = try begin(in: directory, configuration)
      report.created = true
    }
    let vote = try VoteFile(in: directory, incarnation: metadata.incarnation)
    if try vote.heal() { report.healedVote = directory.path(of: VoteFile.name) }
    if let intent = try ResetIntent.readNote(in: directory, incarnation: metadata.incarnation) {
      _ = try intent.perform(in: directory, configuration)
      report.finishedReset = intent.start
    }
    if let intent = try CutIntent.read(in: directory, incarnation: metadata.incarnation) {
      try intent.redo(in: directory)
      report.finishedCut = RecoveryReport.Cut(
        file: directory.path(of: Store.name(intent.base)), position: intent.position)
    }
    var state = try openSegments(in: directory, configuration, metadata.incarnation, &report)
    state.lock = lock
    return Opened(state: state, vote: vote, metadata: metadata, report: report)
  }

  static func readMetadata(_ directory: Directory) throws(LogError) -> LogMetadata? {
    let path = directory.path(of: LogMetadata.name)
    guard directory.has(LogMetadata.name) else { return nil }
    let file = try directory.open(LogMetadata.name, .existing)
    // Longer than any metadata: a longer file fails to decode.
    switch LogMetadata.decode(try file.read(at: 0, count: 1024)) {
    case .success(let metadata): return metadata
    case .failure(let failure): throw .damaged(file: path, position: FilePosition(0), what: failure.what)
    }
  }

  /// Makes the first segment, then the metadata. In this order a log that has metadata has segments: when they are missing
  /// later, they were lost, and the log must not begin anew under its old identity.
  private static func begin(
    in directory: Directory, _ configuration: Log.Configuration
  ) throws(LogError) -> LogMetadata {
    for base in try storeBases(directory) {
      // What an opening made that did not come as far as the metadata: a segment without a batch.
      let file = try directory.open(Store.name(base), .existing)
      let empty = UInt64(StoreHeader.bytes + DerivedState().encoded().readableBytes)
      guard try file.size() <= empty, base == LogIndex(1) else {
        throw .damaged(
          file: directory.path(of: LogMetadata.name), position: FilePosition(0),
          what: "it is missing, but there are segments")
      }
      try directory.remove(Store.name(base))
    }
    try directory.syncAncestors()
    let metadata = LogMetadata(incarnation: .random(), clusterID: nil)
    try VoteFile.create(in: directory, incarnation: metadata.incarnation)
    let base = LogEnd(nextIndex: LogIndex(1), nextOffset: configuration.initialOffset, lastTerm: Term(0))
    _ = try createSegment(
      in: directory, configuration, metadata.incarnation, base: base, previous: nil, state: DerivedState())
    _ = try directory.create(LogMetadata.name, content: [metadata.encoded()])
    return metadata
  }

  static func storeBases(_ directory: Directory) throws(LogError) -> [LogIndex] {
    try directory.names().compactMap { Store.baseIndex(ofName: $0) }.sorted()
  }

  private static func openSegments(
    in directory: Directory, _ configuration: Log.Configuration, _ incarnation: LogIncarnation,
    _ report: inout RecoveryReport
  ) throws(LogError) -> LogState {
    let bases = try storeBases(directory)
    try removeOrphanedIndexes(in: directory, bases, &report)
    guard let last = bases.last else {
      throw .damaged(
        file: directory.path, position: FilePosition(0),
        what: "the log was begun, but its segments are gone")
    }
    let cache = SegmentCache()
    let active = try Store.open(in: directory, base: last, incarnation: incarnation)
    var next = active
    var sealed: [Segment] = []
    for base in bases.dropLast().reversed() {
      // Its header alone: what it holds is checked when it is read.
      let store = try Store.open(in: directory, base: base, incarnation: incarnation)
      let size = try store.file.size()
      try check(store, size: size, leadsTo: next)
      sealed.append(Segment(sealed: store.header, in: directory, bytes: FilePosition(size), rebuilds: cache.rebuilds))
      next = store
    }
    return try recover(active, after: sealed.reversed(), in: directory, configuration, cache, &report)
  }

  /// A segment with a successor was synced whole before that one was made, which remembers its name and length.
  private static func check(_ store: Store, size: UInt64, leadsTo next: Store) throws(LogError) {
    let base = store.header.base
    guard let sealed = next.header.previous, sealed.base == base.nextIndex,
      base.nextOffset <= next.header.base.nextOffset
    else {
      throw next.damaged(
        at: FilePosition(56),
        """
        it follows the segment at index \(next.header.previous?.base.description ?? "none"), but the one before it is at \
        index \(base.nextIndex): a segment is missing
        """)
    }
    guard size == UInt64(sealed.bytes) else {
      throw store.damaged(
        at: FilePosition(min(size, UInt64(sealed.bytes))),
        "it has \(size) bytes, but had \(sealed.bytes) when it was sealed")
    }
  }

  private static func removeOrphanedIndexes(
    in directory: Directory, _ stores: [LogIndex], _ report: inout RecoveryReport
  ) throws(LogError) {
    let bases = Set(stores)
    for name in try directory.names() {
      guard let base = Store.baseIndex(ofName: name, suffix: Index.suffix), !bases.contains(base) else { continue }
      try directory.remove(name)
      report.removedFiles.append(directory.path(of: name))
    }
  }
}
