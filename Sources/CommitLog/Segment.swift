import NIOCore
import Synchronization

/// A store and its index: a stretch of the log that begins at `base`.
final class Segment: Sendable {
  let store: Store
  private let indexSlot: Mutex<Index>
  /// Batches before this position are flushed: what readers may see.
  private let readable: Atomic<UInt64>

  /// Bytes of store for which there is one index entry, at most.
  static let indexInterval = 4096

  init(store: Store, index: Index, readableEnd: FilePosition) {
    self.store = store
    indexSlot = Mutex(index)
    readable = Atomic(readableEnd.rawValue)
  }

  var base: LogEnd { store.header.base }
  var index: Index { indexSlot.withLock { $0 } }

  var readableEnd: FilePosition {
    get { FilePosition(readable.load(ordering: .acquiring)) }
    set { readable.store(newValue.rawValue, ordering: .releasing) }
  }

  func replaceIndex(_ index: Index) {
    indexSlot.withLock { $0 = index }
  }

  /// A cursor that stands before the batch which holds the key, or a little before it. Found through the index when the
  /// store agrees with it, else from the first batch on; then the index has to be made anew.
  func cursor(
    before key: LogKey, to limit: FilePosition
  ) throws(LogError) -> (cursor: StoreCursor, indexIsWrong: Bool) {
    let start = StoreCursor(
      store, from: Store.firstPosition, to: limit, expecting: base, windowBytes: StoreCursor.searchWindow)
    switch index.lookup(key) {
    case .damaged: return (start, true)
    case .none: return (start, false)
    case .found(let entry):
      guard let cursor = try cursor(at: entry, to: limit) else { return (start, true) }
      return (cursor, false)
    }
  }

  /// A cursor at an entry of the index; nil when the store has no such batch there.
  func cursor(at entry: IndexEntry, to limit: FilePosition) throws(LogError) -> StoreCursor? {
    let position = FilePosition(UInt64(entry.position))
    guard position >= Store.firstPosition, position < limit else { return nil }
    let cursor = StoreCursor(
      store, from: position, to: limit, expecting: nil, windowBytes: StoreCursor.searchWindow)
    var probe = cursor
    guard case .batch(let batch, position) = try probe.next(),
      batch.index.rawValue &- base.nextIndex.rawValue == UInt64(entry.relativeIndex),
      batch.baseOffset.rawValue &- base.nextOffset.rawValue == UInt64(entry.relativeOffset)
    else { return nil }
    return cursor
  }
}

extension Segment {
  /// A builder in the state that it has after the batches up to `end`, when `entry` is the last one of the index.
  func indexBuilder(after entry: IndexEntry?, to end: FilePosition) throws(LogError) -> IndexBuilder {
    var cursor = store.scan(to: end)
    var builder = IndexBuilder(base: base)
    if let entry, let resumed = try self.cursor(at: entry, to: end) {
      cursor = resumed
      builder = IndexBuilder(base: base, resumingAt: entry)
    }
    while case .batch(let batch, let position) = try cursor.next() {
      _ = builder.entry(for: batch, at: position)
    }
    return builder
  }
}

/// Entries for an index, chosen while going through the batches of a store in order.
struct IndexBuilder {
  let base: LogEnd
  private var lastPosition: FilePosition?
  private(set) var maximumTimestamp = Timestamp(microseconds: .min)

  init(base: LogEnd) {
    self.base = base
  }

  /// A builder that goes on from `entry`, the last one of an index.
  init(base: LogEnd, resumingAt entry: IndexEntry) {
    self.base = base
    lastPosition = FilePosition(UInt64(entry.position))
    maximumTimestamp = entry.maximumTimestamp
  }

  /// The entry for this batch, if it gets one: the first of the segment and then one for each interval.
  mutating func entry(for batch: RecordBatch, at position: FilePosition) -> IndexEntry? {
    maximumTimestamp = max(maximumTimestamp, batch.maximumTimestamp)
    if let lastPosition, position.rawValue - lastPosition.rawValue < UInt64(Segment.indexInterval) { return nil }
    // Compressed batches may claim more records than 32 bits can count; those are found by a walk from the entry before.
    guard let relativeOffset = UInt32(exactly: batch.baseOffset.rawValue - base.nextOffset.rawValue),
      let relativeIndex = UInt32(exactly: batch.index.rawValue - base.nextIndex.rawValue),
      let place = UInt32(exactly: position.rawValue)
    else { return nil }
    lastPosition = position
    return IndexEntry(
      relativeOffset: relativeOffset, relativeIndex: relativeIndex, position: place, maximumTimestamp: maximumTimestamp)
  }
}
