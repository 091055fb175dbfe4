/// The open files of a segment.
final class OpenSegment: Sendable {
  let store: Store
  let index: Index

  init(store: Store, index: Index) {
    self.store = store
    self.index = index
  }

  var base: LogEnd { store.header.base }

  /// A cursor that stands before the batch which holds the key, or a little before it. Found through the index when the
  /// store agrees with it, else from the first batch on; then the index has to be made anew.
  func cursor(
    before key: LogKey, to limit: FilePosition
  ) throws(LogError) -> (cursor: StoreCursor, indexIsWrong: Bool) {
    let start = StoreCursor(
      store, from: store.firstPosition, to: limit, expecting: base, windowBytes: StoreCursor.searchWindow)
    switch index.lookup(key) {
    case .damaged: return (start, true)
    case .none: return (start, false)
    case .found(let entry):
      guard let cursor = try cursor(at: entry, to: limit) else { return (start, true) }
      return (cursor, false)
    }
  }

  /// A cursor at an entry of the index; nil when the store has no such batch there.
  private func cursor(at entry: IndexEntry, to limit: FilePosition) throws(LogError) -> StoreCursor? {
    let position = FilePosition(UInt64(entry.position))
    let cursor = StoreCursor(
      store, from: position, to: limit, expecting: nil, windowBytes: StoreCursor.searchWindow)
    #if DEBUG
    if IndexTrust.isBlind { return cursor }
    #endif
    guard position >= store.firstPosition, position < limit else { return nil }
    var probe = cursor
    guard case .batch(let batch, position) = try probe.next(),
      batch.index.rawValue &- base.nextIndex.rawValue == UInt64(entry.relativeIndex),
      batch.baseOffset.rawValue &- base.nextOffset.rawValue == UInt64(entry.relativeOffset)
    else { return nil }
    return cursor
  }
}
