extension Log {
  /// How a log is cut into files.
  package struct Configuration: Hashable, Sendable {
    /// A segment is closed before its store grows past this. 64 MiB: a second or two of a saturated disk, so that rolling is
    /// rare, yet a crash has little to scan and retention frees space in small steps.
    package var maximumStoreBytes: Int
    /// A segment is closed when its index is full. 1 MiB holds 43,688 entries: more than a store of the default size can
    /// need at one entry in 4 KiB, and no multiple of the size of an entry, which must not matter.
    package var maximumIndexBytes: Int
    /// Blocks are reserved ahead in steps of this, so that most syncs carry no change of length, and an idle log is small.
    package var preallocationBytes: Int
    /// A small write may take this many zeros along, so that those after it overwrite blocks instead of writing to them for
    /// the first time, which makes a sync dear; 0 for never. 512 KiB: eight syncs of 64 KiB, or some sixty of 64 unary
    /// calls each, and a fraction of a millisecond for the one that pays.
    package var zeroedAheadBytes: Int
    /// The newest batches are kept in memory up to this, for those who read at the end: followers and most consumers. 16 MiB
    /// is a tenth of a second at the speed of a fast disk; who is further behind reads from the page cache.
    package var tailCacheBytes: Int
    /// The offset of the first record of a new log. A log that exists keeps its own.
    package var initialOffset: Offset

    package init(
      maximumStoreBytes: Int = 64 << 20, maximumIndexBytes: Int = 1 << 20, preallocationBytes: Int = 8 << 20,
      zeroedAheadBytes: Int = 512 << 10, tailCacheBytes: Int = 16 << 20, initialOffset: Offset = Offset(0)
    ) {
      self.maximumStoreBytes = maximumStoreBytes
      self.maximumIndexBytes = maximumIndexBytes
      self.preallocationBytes = preallocationBytes
      self.zeroedAheadBytes = zeroedAheadBytes
      self.tailCacheBytes = tailCacheBytes
      self.initialOffset = initialOffset
    }

    /// Bytes of a store that are not batches: its header and one sync mark.
    static let overheadBytes = StoreHeader.bytes + SyncMark.bytes

    /// The largest batch of a kind. A configuration is part of every checkpoint and has a limit of its own.
    func maximumBatchBytes(of kind: BatchKind) -> Int {
      guard kind == .configuration else { return maximumBatchBytes }
      return min(maximumBatchBytes, BatchLayout.payload + DerivedState.maximumConfigurationBytes)
    }

    /// A store for a single record at least.
    package static let minimumStoreBytes = 1024
    /// Positions in an index have 32 bits, and a checkpoint comes on top.
    package static let largestStoreBytes = Int(UInt32.max) - DerivedState.maximumEncodedBytes
    package static let minimumIndexBytes = Index.bytes(entries: 1)
    package static let largestIndexBytes = Int(Int32.max)

    /// 16 MiB: more would hold up the call that pays.
    package static let largestZeroedAheadBytes = 16 << 20

    /// 64 GiB, to catch a wrong unit.
    package static let largestTailCacheBytes = 64 << 30

    /// The largest batch, in bytes, that the log takes.
    package var maximumBatchBytes: Int {
      min(maximumStoreBytes - Self.overheadBytes, BatchLayout.headerBytes + BatchLayout.maximumBodyBytes)
    }

    package func validate() throws(LogError) {
      let limits = [
        ("maximumStoreBytes", maximumStoreBytes, Self.minimumStoreBytes...Self.largestStoreBytes),
        ("maximumIndexBytes", maximumIndexBytes, Self.minimumIndexBytes...Self.largestIndexBytes),
        ("preallocationBytes", preallocationBytes, 1...Self.largestStoreBytes),
        ("zeroedAheadBytes", zeroedAheadBytes, 0...Self.largestZeroedAheadBytes),
        ("tailCacheBytes", tailCacheBytes, 0...Self.largestTailCacheBytes),
      ]
      for (name, value, range) in limits where !range.contains(value) {
        throw .invalidConfiguration(
          "\(name) is \(value); it must be from \(range.lowerBound) to \(range.upperBound) bytes")
      }
    }
  }
}
