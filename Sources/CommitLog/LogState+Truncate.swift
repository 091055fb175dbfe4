extension LogState {
  /// What stays when the log is cut from the back.
  struct Cut {
    /// Number of segments that stay; the last of them is cut.
    let segments: Int
    let position: FilePosition
    let end: LogEnd
  }

  func cut(from index: LogIndex) throws(LogError) -> Cut? {
    try checkUsable()
    let start = segments[0].base.nextIndex
    guard index >= start, index <= accepted.nextIndex else {
      throw .indexOutOfRange(requested: index, start: start, end: accepted.nextIndex)
    }
    guard index < accepted.nextIndex, let last = segments.lastIndex(where: { $0.base.nextIndex <= index }) else {
      return nil
    }
    let segment = segments[last]
    if index == segment.base.nextIndex {
      return Cut(segments: last + 1, position: Store.firstPosition, end: segment.base)
    }
    let limit = last == segments.count - 1 ? end : FilePosition(try segment.store.file.size())
    let previous = LogIndex(index.rawValue - 1)
    var cursor = try segment.cursor(before: .index(previous), to: limit).cursor
    while case .batch(let batch, _) = try cursor.next() {
      guard batch.index == previous, let end = cursor.expected else { continue }
      return Cut(segments: last + 1, position: cursor.position, end: end)
    }
    throw segment.store.damaged(at: cursor.position, "no batch with index \(previous)")
  }

  /// Cuts the files, the newest first. A crash in the middle leaves a longer log, which is a log still.
  mutating func perform(_ cut: Cut) throws(LogError) {
    while segments.count > cut.segments {
      try remove(active)
      segments.removeLast()
    }
    // A mark at the cut would be true no longer once something else follows it, so the cut is before it.
    try active.store.file.truncate(to: cut.position.rawValue)
    try active.store.file.sync()
    let lastEntry = active.index.truncate(from: cut.position)
    indexBuilder = try active.indexBuilder(after: lastEntry, to: cut.position)
    end = cut.position
    allocated = cut.position
    accepted = cut.end
    // What stays was synced just now, or when its segment was sealed. Segments that were removed have no readers any more.
    for (segment, end) in sealedSinceFlush { segment.readableEnd = end }
    sealedSinceFlush = []
    active.readableEnd = end
    flushed = accepted
  }
}
