/// Entries for an index, chosen while going through the batches of a store in order.
struct IndexBuilder {
  /// Bytes of store for which there is one index entry, at most.
  static let interval = 4096

  let base: LogEnd
  private var lastPosition: FilePosition?
  private var maximumAppendTime = Timestamp(microseconds: .min)

  init(base: LogEnd) {
    self.base = base
  }

  /// The entry for this batch, if it gets one: the first of the segment and then one for each interval.
  mutating func entry(for batch: RecordBatch, at position: FilePosition) -> IndexEntry? {
    maximumAppendTime = max(maximumAppendTime, batch.appendTime)
    if let lastPosition, position.rawValue - lastPosition.rawValue < UInt64(Self.interval) { return nil }
    // Compressed batches may claim more records than 32 bits can count; those are found by a walk from the entry before.
    guard let relativeOffset = UInt32(exactly: batch.baseOffset.rawValue - base.nextOffset.rawValue),
      let relativeIndex = UInt32(exactly: batch.index.rawValue - base.nextIndex.rawValue),
      let place = UInt32(exactly: position.rawValue)
    else { return nil }
    lastPosition = position
    return IndexEntry(
      relativeOffset: relativeOffset, relativeIndex: relativeIndex, position: place,
      maximumAppendTime: maximumAppendTime)
  }
}
