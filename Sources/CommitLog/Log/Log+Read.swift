extension Log {
  /// Flushed batches in order, the first one holding the record at `offset`: as many as fit in `maximumBytes`, but one at
  /// least. Their checksums are verified. The last offset of the log plus one is out of range.
  package func read(from offset: Offset, maximumBytes: Int) throws(LogError) -> [RecordBatch] {
    try read(.offset(offset), maximumBytes: maximumBytes)
  }

  /// The same by index: the first batch has that index.
  package func read(from index: LogIndex, maximumBytes: Int) throws(LogError) -> [RecordBatch] {
    try read(.index(index), maximumBytes: maximumBytes)
  }

  /// The same without a system call, for an event loop: nil when the place is no longer, or not yet, in memory.
  package func readCached(from offset: Offset, maximumBytes: Int) -> [RecordBatch]? {
    cached(.offset(offset), maximumBytes: maximumBytes)
  }

  package func readCached(from index: LogIndex, maximumBytes: Int) -> [RecordBatch]? {
    cached(.index(index), maximumBytes: maximumBytes)
  }

  /// The offset of the first batch in the log that was appended at `time` or later, by the clocks of the leaders. The end of
  /// the log when there is none.
  package func offset(at time: Timestamp) throws(LogError) -> Offset {
    let view = try self.view()
    guard view.flushed != view.start else { return view.start.nextOffset }
    return try read(.time(time), maximumBytes: 0).first?.baseOffset ?? view.flushed.nextOffset
  }

  private func read(_ key: LogKey, maximumBytes: Int) throws(LogError) -> [RecordBatch] {
    while true {
      let view = try self.view()
      try view.checkRange(key)
      if let batches = cached(key, maximumBytes: maximumBytes) { return batches }
      var outcome: Result<[RecordBatch]?, LogError>
      do throws(LogError) { outcome = .success(try collect(key, maximumBytes, in: view)) } catch {
        outcome = .failure(error)
      }
      // Something was cut from the back meanwhile: what was read may have been overwritten.
      if try self.view().truncations != view.truncations { continue }
      // nil: a segment was removed meanwhile. The log has another start now.
      if let batches = try outcome.get() { return batches }
    }
  }

  private func collect(_ key: LogKey, _ maximumBytes: Int, in view: View) throws(LogError) -> [RecordBatch]? {
    // A time before the log's start is reached by its first batch.
    let first = view.segments.lastIndex { key.isReached(by: $0.header) } ?? 0
    var batches: [RecordBatch] = []
    var bytes = 0
    var end: LogEnd?
    // A segment behind the flushed end follows on batches that nobody may see yet.
    for segment in view.segments[first...] where segment.base.nextIndex < view.flushed.nextIndex {
      guard let files = try segment.open() else { return nil }
      if let end, end != segment.base {
        guard batches.isEmpty else { return batches }
        throw files.store.damaged(at: FilePosition(8), "it begins at \(segment.base), the one before it ends at \(end)")
      }
      if segment !== view.segments.last { cache.used(segment) }
      var cursor = try cursor(in: files, of: segment, before: batches.isEmpty ? key : nil)
      walk: while true {
        if !batches.isEmpty { cursor.windowBytes = Self.window(maximumBytes - bytes) }
        switch try cursor.next() {
        case .batch(let batch, _):
          guard batch.index < view.flushed.nextIndex else { return batches }
          guard !batches.isEmpty || key.isHeld(by: batch) else { continue }
          guard batches.isEmpty || bytes + batch.byteCount <= maximumBytes else { return batches }
          batches.append(batch)
          bytes += batch.byteCount
        case .end:
          break walk
        case .invalid(let what):
          // What comes before the damage is given out; the next read reports it.
          guard batches.isEmpty else { return batches }
          throw files.store.damaged(at: cursor.position, what)
        }
      }
      if batches.isEmpty, key.isInOneSegment {
        throw files.store.damaged(at: cursor.position, "no batch holds \(key)")
      }
      end = cursor.expected
    }
    return batches
  }

  private func cursor(
    in files: OpenSegment, of segment: Segment, before key: LogKey?
  ) throws(LogError) -> StoreCursor {
    guard let key else { return files.store.scan(to: segment.readableEnd) }
    let (cursor, indexIsWrong) = try files.cursor(before: key, to: segment.readableEnd)
    if indexIsWrong {
      // The read itself needs no index; when there is no room for a new one, the next read tries again.
      do throws(LogError) { try segment.rebuildIndex() } catch {}
    }
    return cursor
  }

  /// Bytes to read at once when that many are wanted.
  private static func window(_ bytes: Int) -> Int {
    min(max(bytes, StoreCursor.searchWindow), StoreCursor.scanWindow)
  }
}

extension Log.View {
  fileprivate func checkRange(_ key: LogKey) throws(LogError) {
    switch key {
    case .offset(let offset):
      guard offset >= start.nextOffset, offset < flushed.nextOffset else {
        throw .outOfRange(requested: offset, start: start.nextOffset, end: flushed.nextOffset)
      }
    case .index(let index):
      guard index >= start.nextIndex, index < flushed.nextIndex else {
        throw .indexOutOfRange(requested: index, start: start.nextIndex, end: flushed.nextIndex)
      }
    case .time: break
    }
  }
}
