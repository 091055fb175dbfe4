import NIOCore

/// The newest batches of a log, encoded as they are, for those who read at its end: bounded in bytes, the oldest go first.
struct TailCache {
  private var batches: CircularBuffer<RecordBatch> = []
  private var bytes = 0
  private let limit: Int
  /// What is read is before this index.
  private var flushed: LogIndex

  init(limit: Int, flushed: LogIndex) {
    self.limit = limit
    self.flushed = flushed
  }

  mutating func flush(before index: LogIndex) {
    flushed = index
  }

  mutating func append(_ added: [RecordBatch]) {
    for batch in added {
      if let last = batches.last {
        precondition(
          batch.index == last.index.advanced(by: 1), "batch \(batch.index) does not follow \(last.index) in the cache")
      }
      batches.append(batch)
      bytes += Self.cost(batch)
    }
    while bytes > limit, let first = batches.popFirst() { bytes -= Self.cost(first) }
  }

  mutating func truncate(from index: LogIndex) {
    flushed = min(flushed, index)
    while let last = batches.last, last.index >= index {
      batches.removeLast()
      bytes -= Self.cost(last)
    }
  }

  mutating func remove(before index: LogIndex) {
    while let first = batches.first, first.index < index {
      batches.removeFirst()
      bytes -= Self.cost(first)
    }
  }

  /// Flushed batches in order, the first one holding the key: as many as fit in `maximumBytes`, but one at least. nil when the
  /// key is not here.
  func read(_ key: LogKey, maximumBytes: Int) -> [RecordBatch]? {
    guard let first = place(of: key) else { return nil }
    var found: [RecordBatch] = []
    var bytes = 0
    for place in batches.indices[first...] {
      let batch = batches[place]
      bytes += batch.byteCount
      guard batch.index < flushed, found.isEmpty || bytes <= maximumBytes else { break }
      found.append(batch)
    }
    return found.isEmpty ? nil : found
  }

  private func place(of key: LogKey) -> CircularBuffer<RecordBatch>.Index? {
    guard let oldest = batches.first else { return nil }
    switch key {
    case .index(let index):
      guard index >= oldest.index, index.rawValue - oldest.index.rawValue < UInt64(batches.count) else { return nil }
      return batches.index(batches.startIndex, offsetBy: Int(index.rawValue - oldest.index.rawValue))
    case .offset(let offset):
      guard offset >= oldest.baseOffset else { return nil }
      var low = batches.startIndex
      var count = batches.count
      while count > 0 {
        let middle = batches.index(low, offsetBy: count / 2)
        if batches[middle].nextOffset <= offset {
          low = batches.index(after: middle)
          count -= count / 2 + 1
        } else {
          count /= 2
        }
      }
      return low == batches.endIndex ? nil : low
    case .time:
      return nil
    }
  }

  /// What a batch keeps alive, which may be more than its own bytes.
  private static func cost(_ batch: RecordBatch) -> Int {
    max(batch.buffer.storageCapacity, batch.byteCount)
  }
}
