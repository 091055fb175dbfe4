import CommitLog

/// A node's log as its core has it, what is not on the disk yet among it, with a hash chain through its entries.
struct LogMirror {
  struct Entry {
    var batch: RecordBatch
    var term: UInt64
    /// Of this entry and all before it.
    var chain: UInt64
  }

  /// Of the first entry.
  private(set) var firstIndex: UInt64
  private var chainBefore: UInt64
  private(set) var termBefore: UInt64
  private(set) var entries: [Entry] = []
  /// Indexes of configurations, those of the entries only.
  private(set) var configurations: [UInt64] = []

  init(start: LogEnd, chainBefore: UInt64) {
    firstIndex = start.nextIndex.rawValue
    termBefore = start.lastTerm.rawValue
    self.chainBefore = chainBefore
  }

  var lastIndex: UInt64 { firstIndex + UInt64(entries.count) - 1 }

  /// nil outside of the log; of before the first entry only the chain is known.
  func entry(at index: UInt64) -> Entry? {
    guard index >= firstIndex, index <= lastIndex else { return nil }
    return entries[Int(index - firstIndex)]
  }

  func chain(at index: UInt64) -> UInt64? {
    index + 1 == firstIndex ? chainBefore : entry(at: index)?.chain
  }

  func term(at index: UInt64) -> UInt64? {
    index + 1 == firstIndex ? termBefore : entry(at: index)?.term
  }

  mutating func append(_ batch: RecordBatch) -> Entry {
    let chain = EntryHash.chain(after: entries.last?.chain ?? chainBefore, batch)
    let entry = Entry(batch: batch, term: batch.term.rawValue, chain: chain)
    entries.append(entry)
    if batch.kind == .configuration { configurations.append(batch.index.rawValue) }
    return entry
  }

  /// What is removed, from `index` on.
  mutating func truncate(from index: UInt64) -> ArraySlice<Entry> {
    guard index <= lastIndex, index >= firstIndex else { return [] }
    let position = Int(index - firstIndex)
    let removed = entries[position...]
    entries.removeSubrange(position...)
    configurations.removeAll { $0 >= index }
    return removed
  }

  mutating func moveStart(to index: UInt64) {
    guard index > firstIndex, index <= lastIndex + 1 else { return }
    let count = Int(index - firstIndex)
    termBefore = entries[count - 1].term
    chainBefore = entries[count - 1].chain
    entries.removeFirst(count)
    configurations.removeAll { $0 < index }
    firstIndex = index
  }
}

/// Hashes for comparing logs: two logs with the same chain at an index are the same up to there.
enum EntryHash {
  static let beforeFirst: UInt64 = 0x9AE1_6A3B_2F90_404F

  static func chain(after previous: UInt64, _ batch: RecordBatch) -> UInt64 {
    var hash = mix(previous, batch.index.rawValue)
    hash = mix(hash, batch.term.rawValue)
    hash = mix(hash, batch.baseOffset.rawValue)
    return mix(hash, UInt64(batch.bodyChecksum))
  }

  /// One round of MurmurHash3's finalizer over both.
  static func mix(_ hash: UInt64, _ value: UInt64) -> UInt64 {
    var mixed = (hash ^ value) &* 0xFF51_AFD7_ED55_8CCD
    mixed ^= mixed >> 33
    mixed = mixed &* 0xC4CE_B9FE_1A85_EC53
    return mixed ^ (mixed >> 29)
  }
}
