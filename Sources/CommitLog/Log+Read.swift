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

  private func read(_ key: LogKey, maximumBytes: Int) throws(LogError) -> [RecordBatch] {
    while true {
      let view = try self.view()
      try view.checkRange(key)
      var outcome: Result<[RecordBatch], LogError>
      do throws(LogError) { outcome = .success(try collect(key, maximumBytes, in: view)) } catch {
        outcome = .failure(error)
      }
      // Something was cut from the back meanwhile: what was read may have been overwritten.
      if try self.view().truncations != view.truncations { continue }
      return try outcome.get()
    }
  }

  private func collect(_ key: LogKey, _ maximumBytes: Int, in view: View) throws(LogError) -> [RecordBatch] {
    guard let first = view.segments.lastIndex(where: { key.isReached(by: $0.base) }) else {
      preconditionFailure("no segment reaches \(key), though the log starts at \(view.start)")
    }
    var batches: [RecordBatch] = []
    var bytes = 0
    for segment in view.segments[first...] {
      var cursor = try self.cursor(in: segment, before: batches.isEmpty ? key : nil)
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
          throw segment.store.damaged(at: cursor.position, what)
        }
      }
      if batches.isEmpty { throw segment.store.damaged(at: cursor.position, "no batch holds \(key)") }
    }
    return batches
  }

  private func cursor(in segment: Segment, before key: LogKey?) throws(LogError) -> StoreCursor {
    guard let key else { return segment.store.scan(to: segment.readableEnd) }
    let (cursor, indexIsWrong) = try segment.cursor(before: key, to: segment.readableEnd)
    if indexIsWrong {
      // The read itself needs no index; when there is no room for a new one, the next read tries again.
      do throws(LogError) { try rebuildIndex(of: segment) } catch {}
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
    }
  }
}
