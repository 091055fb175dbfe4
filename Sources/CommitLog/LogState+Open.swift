import NIOCore

extension LogState {
  struct Opened {
    var state: LogState
    var metadata: LogMetadata
    var report: RecoveryReport
  }

  /// Opens a log or begins one. Nothing but unfinished work is ever removed; everything else that does not fit is an error.
  static func open(_ path: String, _ configuration: Log.Configuration) throws(LogError) -> Opened {
    let directory = try Directory(path)
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
    var state = try openSegments(in: directory, configuration, metadata.incarnation, &report)
    state.lock = lock
    return Opened(state: state, metadata: metadata, report: report)
  }

  private static func readMetadata(_ directory: Directory) throws(LogError) -> LogMetadata? {
    let path = directory.path(of: LogMetadata.name)
    guard try directory.names().contains(LogMetadata.name) else { return nil }
    let file = try File(path, .existing)
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
      let file = try File(directory.path(of: Store.name(base)), .existing)
      guard try file.size() <= UInt64(StoreHeader.bytes), base == LogIndex(1) else {
        throw .damaged(
          file: directory.path(of: LogMetadata.name), position: FilePosition(0),
          what: "it is missing, but there are segments")
      }
      try directory.remove(Store.name(base))
    }
    let metadata = LogMetadata(incarnation: .random(), clusterID: nil)
    let base = LogEnd(nextIndex: LogIndex(1), nextOffset: configuration.initialOffset, lastTerm: Term(0))
    _ = try createSegment(
      in: directory, configuration: configuration, incarnation: metadata.incarnation, base: base)
    _ = try directory.create(LogMetadata.name, content: metadata.encoded())
    return metadata
  }

  private static func storeBases(_ directory: Directory) throws(LogError) -> [LogIndex] {
    try directory.names().compactMap { Store.baseIndex(ofName: $0) }.sorted()
  }

  private static func openSegments(
    in directory: Directory, _ configuration: Log.Configuration, _ incarnation: LogIncarnation,
    _ report: inout RecoveryReport
  ) throws(LogError) -> LogState {
    var stores: [Store] = []
    for base in try storeBases(directory) {
      stores.append(try Store.open(in: directory, base: base, incarnation: incarnation))
    }
    try removeOrphanedIndexes(in: directory, stores, &report)
    guard let last = stores.last else {
      throw .damaged(
        file: directory.path, position: FilePosition(0),
        what: "the log was begun, but its segments are gone")
    }
    var segments: [Segment] = []
    for (store, next) in zip(stores, stores.dropFirst()) {
      segments.append(
        try openSealed(store, next: next, in: directory, configuration, &report))
    }
    return try recover(last, after: segments, in: directory, configuration, &report)
  }

  private static func removeOrphanedIndexes(
    in directory: Directory, _ stores: [Store], _ report: inout RecoveryReport
  ) throws(LogError) {
    let bases = Set(stores.map(\.header.base.nextIndex))
    for name in try directory.names() {
      guard let base = Store.baseIndex(ofName: name, suffix: Index.suffix), !bases.contains(base) else { continue }
      try directory.remove(name)
      report.removedFiles.append(directory.path(of: name))
    }
  }
}
