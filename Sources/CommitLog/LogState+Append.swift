import NIOCore

extension LogState {
  /// Writes all of the batches or none.
  mutating func append(_ batches: [RecordBatch]) throws(LogError) -> Accepted {
    try checkUsable()
    try validate(batches)
    let before = self
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
      guard batch.byteCount <= configuration.maximumBatchBytes else {
        throw .batchTooLarge(bytes: batch.byteCount, limit: configuration.maximumBatchBytes)
      }
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
    let limit = configuration.maximumStoreBytes - SyncMark.bytes
    let room = active.index.room
    var run = Run(indexBuilder: indexBuilder, end: end)
    for batch in batches {
      var builder = run.indexBuilder
      let entry = builder.entry(for: batch, at: run.end)
      let next = run.end.advanced(by: batch.byteCount)
      guard next.rawValue <= UInt64(limit), entry == nil || run.entries.count < room else { break }
      if let entry { run.entries.append(entry) }
      run.batches.append(batch)
      run.indexBuilder = builder
      run.end = next
    }
    return run
  }

  private mutating func write(_ run: Run) throws(LogError) {
    try allocate(to: run.end.advanced(by: SyncMark.bytes))
    try active.store.file.write(run.batches.map(\.buffer), at: end.rawValue)
    for entry in run.entries where !active.index.append(entry) {
      preconditionFailure("\(active.index.path) is full at entry \(entry), though there was room for the run")
    }
    indexBuilder = run.indexBuilder
    end = run.end
    for batch in run.batches { accepted = accepted.after(batch) }
  }

  /// Reserves blocks ahead; only as many as needed when the disk has no more.
  private mutating func allocate(to needed: FilePosition) throws(LogError) {
    guard needed > allocated else { return }
    let file = active.store.file
    let ahead = min(
      max(needed.rawValue, allocated.rawValue + UInt64(configuration.preallocationBytes)),
      UInt64(configuration.maximumStoreBytes))
    do throws(LogError) {
      try file.allocate(from: allocated.rawValue, to: ahead)
      allocated = FilePosition(ahead)
    } catch {
      guard case .noSpace = error, ahead > needed.rawValue else { throw error }
      try file.allocate(from: allocated.rawValue, to: needed.rawValue)
      allocated = needed
    }
  }

  /// Seals the last segment and starts another. The old one is synced at its exact length before the new one appears: a
  /// segment with a successor is whole.
  private mutating func roll() throws(LogError) {
    let sealed = active
    try sealed.store.file.truncate(to: end.rawValue)
    allocated = end
    try sealed.store.file.sync()
    try sealed.index.seal()
    let segment = try Self.createSegment(
      in: directory, configuration: configuration, incarnation: incarnation, base: accepted)
    sealedSinceFlush.append((sealed, end))
    segments.append(segment)
    start(segment)
  }

  private mutating func start(_ segment: Segment) {
    end = Store.firstPosition
    allocated = end
    indexBuilder = IndexBuilder(base: segment.base)
  }

  static func createSegment(
    in directory: Directory, configuration: Log.Configuration, incarnation: LogIncarnation, base: LogEnd
  ) throws(LogError) -> Segment {
    let header = StoreHeader(base: base, incarnation: incarnation)
    let store = try Store.create(in: directory, header: header, allocating: StoreHeader.bytes)
    do throws(LogError) {
      let index = try Index.create(
        in: directory, header: header, entries: [], maximumBytes: configuration.maximumIndexBytes)
      return Segment(store: store, index: index, readableEnd: Store.firstPosition)
    } catch {
      try directory.remove(Store.name(base.nextIndex))
      try directory.sync()
      throw error
    }
  }

  /// Undoes an append that failed half-way, so that nothing of it can be read or comes back when the log is opened.
  private mutating func revert(to before: LogState) {
    let segmentsBefore = before.segments.count
    do throws(LogError) {
      for segment in segments[segmentsBefore...].reversed() { try remove(segment) }
      let sealed = self.segments.count > segmentsBefore
      self = before
      try active.store.file.truncate(to: end.rawValue)
      allocated = end
      if sealed { try active.store.file.sync() }
      _ = active.index.truncate(from: end)
    } catch {
      failure = error
    }
  }

  /// Removes a segment at either end of the log, durably before anything else happens: were two removals reordered by a
  /// crash, there would be a gap.
  func remove(_ segment: Segment) throws(LogError) {
    try directory.remove(Store.name(segment.base.nextIndex))
    try directory.sync()
    try directory.remove(Store.name(segment.base.nextIndex, suffix: Index.suffix))
  }

  /// Syncs everything accepted and shows it to readers.
  mutating func flush() throws(LogError) -> Flushed {
    try checkUsable()
    guard flushed != accepted else { return Flushed(end: flushed) }
    try failing { (state) throws(LogError) in try state.active.store.file.sync() }
    for (segment, end) in sealedSinceFlush { segment.readableEnd = end }
    sealedSinceFlush = []
    active.readableEnd = end
    flushed = accepted
    mark()
    return Flushed(end: flushed)
  }

  /// Notes in the store that everything so far is synced. It costs no sync of its own: the mark goes to disk with the next
  /// one. That it fails is no failure of the log, whose data is safe; the next batch takes its place.
  mutating func mark() {
    let next = end.advanced(by: SyncMark.bytes)
    guard next <= allocated, end > Store.firstPosition else { return }
    do throws(LogError) {
      try active.store.writeMark(at: end)
      end = next
    } catch {}
  }

  /// Flushes, and syncs the mark as well, so that damage while the log is closed is never taken for a torn write.
  mutating func close() throws(LogError) {
    if failure == nil {
      _ = try flush()
      try failing { (state) throws(LogError) in try state.active.store.file.sync() }
    }
    failure = .closed
    lock = nil
  }
}
