import NIOCore

extension LogState {
  /// Writes all of the batches or none.
  mutating func append(_ batches: [RecordBatch]) throws(LogError) -> Accepted {
    try checkUsable()
    try validate(batches)
    var before = self
    // Held twice, it would be copied as a whole by the first batch that changes it.
    before.derived = DerivedState()
    do throws(LogError) {
      try write(batches)
    } catch {
      if case .syncFailed = error { failure = error } else { revert(to: before) }
      throw error
    }
    return Accepted(end: accepted)
  }

  private func validate(_ batches: [RecordBatch]) throws(LogError) {
    var end = accepted
    for batch in batches {
      guard end.isContinued(by: batch) else {
        throw .notContiguous(expected: end, index: batch.index, baseOffset: batch.baseOffset, term: batch.term)
      }
      let limit = configuration.maximumBatchBytes(of: batch.kind)
      guard batch.byteCount <= limit else { throw .batchTooLarge(bytes: batch.byteCount, limit: limit) }
      end = end.after(batch)
    }
  }

  private mutating func write(_ batches: [RecordBatch]) throws(LogError) {
    var rest = batches[...]
    while !rest.isEmpty {
      let run = fitting(rest)
      if run.batches.isEmpty {
        try roll()
      } else {
        try write(run)
        rest = rest.dropFirst(run.batches.count)
      }
    }
  }

  /// Batches for one segment, with what its index gets.
  private struct Run {
    var batches: [RecordBatch] = []
    var entries: [IndexEntry] = []
    var indexBuilder: IndexBuilder
    var end: FilePosition
  }

  /// The longest prefix that the last segment has room for.
  private func fitting(_ batches: ArraySlice<RecordBatch>) -> Run {
    let limit = largestStore - UInt64(SyncMark.bytes)
    let room = active.index.room
    var run = Run(indexBuilder: indexBuilder, end: owesMark ? end.advanced(by: SyncMark.bytes) : end)
    for batch in batches {
      var builder = run.indexBuilder
      let entry = builder.entry(for: batch, at: run.end)
      let next = run.end.advanced(by: batch.byteCount)
      guard next.rawValue <= limit, entry == nil || run.entries.count < room else { break }
      if let entry { run.entries.append(entry) }
      run.batches.append(batch)
      run.indexBuilder = builder
      run.end = next
    }
    return run
  }

  /// The length that the last store does not grow past. A checkpoint does not count: whatever its length, a segment takes the
  /// largest batch.
  private var largestStore: UInt64 {
    UInt64(configuration.maximumStoreBytes) + UInt64(active.store.header.checkpointBytes)
  }

  private mutating func write(_ run: Run) throws(LogError) {
    try allocate(to: run.end.advanced(by: SyncMark.bytes))
    // The mark of the last sync goes with the batches after it: true before they are written, and no call of its own.
    let mark = owesMark ? [active.store.mark(at: end)] : []
    let zeroedEnd = zeroedEnd(ahead: run)
    try active.store.file.write(mark + run.batches.map(\.buffer), at: end.rawValue)
    try writeZeros(from: run.end, to: zeroedEnd)
    wrote(to: zeroedEnd)
    for entry in run.entries where !active.index.append(entry) {
      preconditionFailure("\(active.store.file.path): no room in its index for \(entry), though there was for the run")
    }
    indexBuilder = run.indexBuilder
    end = run.end
    owesMark = false
    for batch in run.batches {
      accepted = accepted.after(batch)
      derived.apply(batch)
    }
  }

  /// Where zeros that are written behind a small run end, over the zeros that are read there anyway.
  ///
  /// A block that was reserved and never written is one by its metadata, which its first sync has to journal: two more threads
  /// of the kernel to wait for, and with ext4 nearly twice the time. So a small write now and then takes a stretch of blocks
  /// along, into which those after it are written. A large one pays for its metadata less than it would for writing twice.
  private func zeroedEnd(ahead run: Run) -> FilePosition {
    let length = UInt64(configuration.zeroedAheadBytes)
    let next = run.end.advanced(by: SyncMark.bytes)
    guard next > written, run.end.rawValue - end.rawValue <= length / Self.smallWritesAhead else { return run.end }
    return FilePosition(min(run.end.rawValue + length, allocated.rawValue))
  }

  /// A write is small when as many of its size fit the stretch that is zeroed ahead. So a batch of 64 KiB is, with what it has
  /// beside its records: it begins and ends within blocks, and into new ones takes a fifth longer than whole blocks would.
  private static let smallWritesAhead: UInt64 = 6

  /// In short writes, for a long one makes large folios, and to the kernel a process that changes a byte of a folio has written
  /// all of it.
  private func writeZeros(from start: FilePosition, to end: FilePosition) throws(LogError) {
    let step = UInt64(Self.zeros.readableBytes)
    var position = start.rawValue
    while position < end.rawValue {
      let next = min(end.rawValue, (position / step + 1) * step)
      var zeros = Self.zeros
      zeros.moveWriterIndex(to: Int(next - position))
      try active.store.file.write([zeros], at: position)
      position = next
    }
  }

  /// Few enough to stay in a processor's cache.
  private static let zeros = ByteBuffer(repeating: 0, count: 64 << 10)

  /// Reserves blocks ahead; only as many as needed when the disk has no more.
  private mutating func allocate(to needed: FilePosition) throws(LogError) {
    guard needed > allocated else { return }
    let file = active.store.file
    let ahead = min(
      max(needed.rawValue, allocated.rawValue + UInt64(configuration.preallocationBytes)), largestStore)
    do throws(LogError) {
      try file.allocate(from: allocated.rawValue, to: ahead)
      allocated = FilePosition(ahead)
    } catch {
      guard case .noSpace = error, ahead > needed.rawValue else { throw error }
      try file.allocate(from: allocated.rawValue, to: needed.rawValue)
      allocated = needed
    }
  }

  /// Ends the last segment, all of which is flushed, when it has a batch. On an error the log is as it was.
  mutating func sealLastSegment() throws(LogError) {
    guard accepted.nextIndex > lastSegment.base.nextIndex else { return }
    let before = self
    do throws(LogError) {
      try roll()
    } catch {
      if case .syncFailed = error { failure = error } else { revert(to: before) }
      throw error
    }
  }

  /// Seals the last segment and starts another. The old one is synced at its exact length before the new one appears: a
  /// segment with a successor is whole.
  private mutating func roll() throws(LogError) {
    let sealed = lastSegment
    try active.store.file.truncate(to: end.rawValue)
    allocated = end
    try active.store.file.sync()
    try active.index.seal()
    guard let bytes = UInt32(exactly: end.rawValue) else {
      preconditionFailure("\(active.store.file.path) has \(end) bytes, more than the largest store")
    }
    let files = try Self.createSegment(
      in: directory, configuration, incarnation, base: accepted,
      previous: StoreHeader.SealedSegment(base: sealed.base.nextIndex, bytes: bytes), state: derived)
    sealedSinceFlush.append((sealed, end))
    cache.used(sealed)
    segments.append(
      Segment(active: files, in: directory, readableEnd: files.store.firstPosition, rebuilds: cache.rebuilds))
    start(files)
  }

  mutating func start(_ files: OpenSegment) {
    active = files
    end = files.store.firstPosition
    allocated = end
    owesMark = false
    indexBuilder = IndexBuilder(base: files.base)
  }

  static func createSegment(
    in directory: Directory, _ configuration: Log.Configuration, _ incarnation: LogIncarnation, base: LogEnd,
    previous: StoreHeader.SealedSegment?, state: DerivedState
  ) throws(LogError) -> OpenSegment {
    let store = try Store.create(
      in: directory, base: base, incarnation: incarnation, previous: previous, state: state)
    let index = try Index.create(
      in: directory, header: store.header, entries: [], maximumBytes: configuration.maximumIndexBytes)
    return OpenSegment(store: store, index: index)
  }

  /// Undoes an append that failed half-way, so that nothing of it can be read or comes back when the log is opened.
  ///
  /// It needs no ``CutIntent``: the only mark in what is cut off is the one at its very front, which is where zeros would begin,
  /// so that whatever a crash leaves of it is an unfinished write. A mark comes behind a batch only after a flush.
  private mutating func revert(to before: LogState) {
    do throws(LogError) {
      try removeUnfinishedSegment()
      for segment in segments[before.segments.count...].reversed() { try remove(segment) }
      self = before
      cache.forget(lastSegment)
      // Synced, for what was written may have reached the disk, with a segment that was sealed or by itself.
      try active.store.cut(at: end)
      allocated = end
      active.index.truncate(from: end)
      var replay = try Replay(of: active.store, to: end)
      while case .batch = try replay.next() {}
      derived = replay.derived
    } catch {
      failure = error
    }
  }

  /// Removes what was made of a next segment. It remembers the length of the one before it, which must not change before it
  /// is gone.
  private func removeUnfinishedSegment() throws(LogError) {
    let name = Store.name(accepted.nextIndex)
    guard accepted.nextIndex != lastSegment.base.nextIndex, directory.has(name) else { return }
    try directory.remove(name)
    try directory.sync()
  }

  /// Removes a segment at either end of the log.
  func remove(_ segment: Segment) throws(LogError) {
    segment.retire()
    cache.forget(segment)
    try Store.removeFiles(base: segment.base.nextIndex, in: directory)
  }

  /// Syncs everything accepted and shows it to readers.
  mutating func flush() throws(LogError) -> Flushed {
    try checkUsable()
    guard flushed != accepted else { return Flushed(end: flushed) }
    try failing { (state) throws(LogError) in try state.active.store.file.sync() }
    showFlushed()
    return Flushed(end: flushed)
  }

  /// Everything accepted has been synced.
  mutating func showFlushed() {
    for (segment, end) in sealedSinceFlush { segment.readableEnd = end }
    sealedSinceFlush = []
    lastSegment.readableEnd = end
    flushed = accepted
    owesMark = end > active.store.firstPosition
  }

  /// Writes the mark of the last sync, when no batch has taken it along: it reaches the disk in the kernel's own time, or with
  /// the next sync. That it fails is no failure of the log, whose data is safe.
  mutating func mark() {
    let next = end.advanced(by: SyncMark.bytes)
    guard failure == nil, owesMark, flushed == accepted else { return }
    do throws(LogError) {
      try active.store.file.write([active.store.mark(at: end)], at: end.rawValue)
      end = next
      // A log that was opened and got no batch since has no room reserved behind its last one.
      allocated = max(allocated, next)
      owesMark = false
    } catch {}
  }

  /// Flushes, and syncs the mark as well, so that damage while the log is closed is never taken for a torn write.
  mutating func close() throws(LogError) {
    if failure == nil {
      _ = try flush()
      mark()
      try failing { (state) throws(LogError) in try state.active.store.file.sync() }
    }
    failure = .closed
    lock = nil
  }
}
