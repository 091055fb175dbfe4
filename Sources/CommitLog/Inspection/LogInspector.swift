import NIOCore

/// Reads the files of a log as they are, and changes nothing. It takes no lock: what a running server is writing looks like an
/// unfinished write.
package struct LogInspector: Sendable {
  let directory: Directory
  package let metadata: LogMetadata
  /// Those that stay, in order.
  let bases: [LogIndex]
  /// A cut from the back that the next opening finishes: what it cuts off is not looked at.
  let pendingCut: CutIntent?
  /// The next opening replaces the log: its segments are not looked at.
  let pendingReset: ResetIntent?
  /// The note of a cut or a reset is damaged, so that no opening can tell where the log starts and ends.
  let noteDamage: [LogFinding]
  /// Nobody can tell any more for whom this node voted.
  let voteDamage: LogFinding?

  /// - Throws: when the directory or its metadata cannot be read: then nothing else can be judged.
  package init(directory path: String, fileSystem: any FileSystem = DiskFileSystem()) throws(LogError) {
    directory = Directory(existing: path, in: fileSystem)
    guard let metadata = try LogState.readMetadata(directory) else {
      throw .notALog(directory: path)
    }
    self.metadata = metadata
    let directory = directory
    let cut = try Self.finding { () throws(LogError) in
      try CutIntent.read(in: directory, incarnation: metadata.incarnation)
    }
    let reset = try Self.finding { () throws(LogError) in
      try ResetIntent.readNote(in: directory, incarnation: metadata.incarnation)
    }
    voteDamage = try Self.finding { () throws(LogError) in
      try VoteFile(in: directory, incarnation: metadata.incarnation, .reading)
    }.damage
    pendingCut = cut.value ?? nil
    pendingReset = reset.value ?? nil
    noteDamage = [cut.damage, reset.damage].compactMap(\.self)
    let last = pendingCut?.base
    let isReplaced = pendingReset != nil
    bases = try LogState.storeBases(directory).filter { base in !isReplaced && last.map { base <= $0 } ?? true }
  }

  /// What a file holds, or what is wrong with it.
  private static func finding<Value>(
    _ read: () throws(LogError) -> Value
  ) throws(LogError) -> (value: Value?, damage: LogFinding?) {
    do throws(LogError) {
      return (try read(), nil)
    } catch {
      guard case .damaged(let file, let position, let what) = error else { throw error }
      return (nil, LogFinding(kind: .damage, file: file, position: position, what: what))
    }
  }

  /// What is to be said of files that are no segments.
  private var findings: [LogFinding] {
    var findings = noteDamage + [voteDamage].compactMap(\.self)
    if let pendingReset {
      findings.append(
        LogFinding(
          kind: .note, file: directory.path(of: ResetIntent.name), position: FilePosition(0),
          what: "the next opening replaces the log by one that starts at index \(pendingReset.start.nextIndex)"))
    }
    return findings
  }

  /// Where a store ends, or will when the pending cut is done.
  private func limit(of store: Store) throws(LogError) -> FilePosition {
    let size = FilePosition(try store.file.size())
    guard let pendingCut, pendingCut.base == store.header.base.nextIndex else { return size }
    return min(size, pendingCut.position)
  }

  /// Reads every byte of the log and checks it, one segment after the other.
  package func verify(_ report: (SegmentReport) throws -> Void) throws {
    for finding in findings {
      var note = SegmentReport(file: finding.file)
      note.findings = [finding]
      try report(note)
    }
    var previous: SegmentReport?
    for base in bases {
      let segment = verify(base, after: previous)
      try report(segment)
      // What follows damage is judged by itself.
      previous = segment.isDamaged ? nil : segment
    }
  }

  /// Calls `body` with each batch from the one that holds `offset` on, until it returns false. Stops at the first bad bytes.
  package func forEachBatch(
    from offset: Offset, _ body: (RecordBatch, _ file: String, FilePosition) throws -> Bool
  ) throws {
    var stores: [Store] = []
    for base in bases.reversed() {
      let store = try Store.open(in: directory, base: base, incarnation: metadata.incarnation, .reading)
      stores.append(store)
      if store.header.base.nextOffset <= offset { break }
    }
    for (number, store) in stores.reversed().enumerated() {
      let isLast = number == stores.count - 1
      let size = try limit(of: store)
      var cursor = store.scan(to: size)
      walk: while true {
        switch try cursor.next() {
        case .batch(let batch, let position):
          if batch.nextOffset <= offset && (batch.count > 0 || batch.baseOffset < offset) { continue }
          guard try body(batch, store.file.path, position) else { return }
        case .end: break walk
        case .invalid(let what):
          if isLast, pendingCut == nil, case .unused = try store.judge(what, at: cursor.position, size: size) {
            break walk
          }
          throw store.damaged(at: cursor.position, what)
        }
      }
    }
  }

  // MARK: One segment

  private func verify(_ base: LogIndex, after previous: SegmentReport?) -> SegmentReport {
    var report = SegmentReport(file: directory.path(of: Store.name(base)))
    do throws(LogError) {
      let store = try Store.open(in: directory, base: base, incarnation: metadata.incarnation, .reading)
      report.base = store.header.base
      report.bytes = try limit(of: store).rawValue
      checkPlace(of: store, after: previous, &report)
      try scan(store, from: startState(of: store, after: previous, &report), isLast: base == bases.last, &report)
    } catch {
      report.add(error)
    }
    return report
  }

  private func checkPlace(of store: Store, after previous: SegmentReport?, _ report: inout SegmentReport) {
    let header = store.header
    if let end = previous?.end, end != header.base {
      report.add(
        .damage, store.file.path, FilePosition(8),
        "it begins at \(header.base), but the segment before it ends at \(end)")
    }
    guard let base = previous?.base?.nextIndex else { return }
    if header.previous?.base != base {
      let remembered = header.previous.map { "index \($0.base)" } ?? "none"
      report.add(
        .damage, store.file.path, FilePosition(56),
        "it follows the segment at \(remembered), but the one before it is at index \(base)")
    } else if let bytes = previous?.bytes, let sealed = header.previous, bytes != UInt64(sealed.bytes) {
      report.add(
        .damage, store.file.path, FilePosition(64),
        "the segment before it had \(sealed.bytes) bytes when it was sealed and has \(bytes) now")
    }
  }

  /// The state at the segment's start: of its checkpoint, or of the segments before when that is damaged.
  private func startState(
    of store: Store, after previous: SegmentReport?, _ report: inout SegmentReport
  ) throws(LogError) -> DerivedState {
    let place = FilePosition(UInt64(StoreHeader.bytes))
    let computed = previous?.derived
    do throws(LogError) {
      let checkpoint = try store.checkpoint()
      if let computed, checkpoint != computed {
        report.add(.damage, store.file.path, place, "the checkpoint is not what the batches before it give")
      }
      return checkpoint
    } catch {
      guard let computed, CRC32C.checksum(of: computed.encoded()) == store.header.checkpointChecksum else {
        throw error
      }
      report.add(.repairable, store.file.path, place, "the checkpoint is damaged; the batches before it give it again")
      return computed
    }
  }

  private func scan(
    _ store: Store, from state: DerivedState, isLast: Bool, _ report: inout SegmentReport
  ) throws(LogError) {
    let size = try limit(of: store)
    var replay = Replay(of: store, from: state, to: size)
    walk: while true {
      switch try replay.next() {
      case .batch(let batch, let position):
        report.batches += 1
        do throws(BatchError) { try batch.validateRecords() } catch {
          report.add(.damage, store.file.path, position, error.description)
        }
      case .end: break walk
      case .invalid(let what):
        try judge(what, in: store, at: replay.scanned, size: size, isLast: isLast, &report)
        break walk
      }
    }
    report.end = replay.end
    report.derived = replay.derived
    if let pendingCut, isLast, !report.isDamaged { try judge(pendingCut, in: store, &report) }
    if !isLast { try compareIndex(of: store, with: replay.entries, &report) }
  }

  private func judge(_ cut: CutIntent, in store: Store, _ report: inout SegmentReport) throws(LogError) {
    if let damage = try cut.damage(of: store) { return report.add(damage) }
    let place = directory.path(of: CutIntent.name)
    report.add(
      .note, place, FilePosition(0),
      "a cut of the log at byte \(cut.position) of \(store.file.path) is unfinished, which the next opening finishes")
  }

  private func judge(
    _ what: String, in store: Store, at position: FilePosition, size: FilePosition, isLast: Bool,
    _ report: inout SegmentReport
  ) throws(LogError) {
    // What stays of a cut was synced, with a mark behind it or not.
    guard isLast, pendingCut == nil else { return report.add(.damage, store.file.path, position, what) }
    switch try store.judge(what, at: position, size: size) {
    case .unused: return
    case .torn(let bytes):
      report.add(
        .note, store.file.path, position, "\(bytes) bytes of an unfinished write, which the next opening cuts off")
    case .damaged(let what): report.add(.damage, store.file.path, position, what)
    }
  }

  /// The index of the last segment is made anew by every opening, those of the others are to be right.
  private func compareIndex(
    of store: Store, with entries: [IndexEntry], _ report: inout SegmentReport
  ) throws(LogError) {
    let name = Store.name(store.header.base.nextIndex, suffix: Index.suffix)
    let expected = Index.encoded(store.header, entries)
    guard directory.has(name) else {
      return report.add(.repairable, directory.path(of: name), FilePosition(0), "the index is missing")
    }
    let file = try directory.open(name, .reading)
    // One more than expected, to see that the file is longer.
    let found = try file.read(at: 0, count: expected.readableBytes + 1)
    guard found != expected else { return }
    let same = zip(found.readableBytesView, expected.readableBytesView).prefix { $0 == $1 }.count
    report.add(
      .repairable, file.path, FilePosition(UInt64(same)), "the index is not what the store gives")
  }
}

extension SegmentReport {
  fileprivate mutating func add(_ error: LogError) {
    switch error {
    case .damaged(let file, let position, let what): add(.damage, file, position, what)
    default: add(.damage, file, FilePosition(0), error.description)
    }
  }
}
