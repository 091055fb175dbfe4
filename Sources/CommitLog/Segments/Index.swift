import NIOCore
import Synchronization

/// A sparse, memory-mapped table from offsets and indexes to positions in the store. It only saves time: each entry is
/// checked against the store when it is used, and a wrong or missing index is made anew from the store.
final class Index: Sendable {
  static let suffix = ".index"
  static let headerBytes = 64
  /// "PLI" and the format version.
  private static let magic: UInt32 = 0x01_49_4C_50

  /// The end of the log before this segment.
  let base: LogEnd
  private let state: Mutex<Mapping>
  /// nil: in memory only.
  private let file: (any File)?

  private init(file: (any File)?, base: LogEnd, mapping: consuming sending Mapping) {
    self.file = file
    self.base = base
    state = Mutex(mapping)
  }

  /// The bytes an index of that many entries has.
  static func bytes(entries: Int) -> Int {
    headerBytes + entries * IndexEntry.bytes
  }

  /// Makes an index with these entries and room up to `maximumBytes`. A limit that is no multiple of an entry is rounded down.
  static func create(
    in directory: Directory, header: StoreHeader, entries: [IndexEntry], maximumBytes: Int
  ) throws(LogError) -> Index {
    let name = Store.name(header.base.nextIndex, suffix: suffix)
    let capacity = max(entries.count, (maximumBytes - headerBytes) / IndexEntry.bytes)
    // Removed first: a reader may still have the old one mapped, which must not shrink under it.
    try directory.remove(name)
    let file = try directory.open(name, .created)
    do throws(LogError) {
      // Blocks are reserved, for a write to a mapping has no other way to say "no space" than to kill the process.
      try file.allocate(from: 0, to: UInt64(bytes(entries: capacity)))
      try file.write([headerBuffer(header)], at: 0)
      var mapping = Mapping(try file.map(length: bytes(entries: capacity)), capacity: capacity)
      for entry in entries { mapping.append(entry) }
      return Index(file: file, base: header.base, mapping: mapping)
    } catch {
      do throws(LogError) { try directory.remove(name) } catch {}
      throw error
    }
  }

  /// The same for opening a log, which must be readable on a full disk too: without room for the file the index is kept in
  /// memory, and made anew at the next opening.
  static func createForReading(
    in directory: Directory, header: StoreHeader, entries: [IndexEntry], maximumBytes: Int
  ) throws(LogError) -> Index {
    do throws(LogError) {
      return try create(in: directory, header: header, entries: entries, maximumBytes: maximumBytes)
    } catch {
      guard case .noSpace = error else { throw error }
      let capacity = max(entries.count, (maximumBytes - headerBytes) / IndexEntry.bytes)
      var mapping = Mapping(AnonymousMemory(length: bytes(entries: capacity)), capacity: capacity)
      for entry in entries { mapping.append(entry) }
      return Index(file: nil, base: header.base, mapping: mapping)
    }
  }

  /// Opens the index of a sealed segment. nil when it is missing or contradicts itself, so that it has to be made anew.
  static func openSealed(in directory: Directory, header: StoreHeader) throws(LogError) -> Index? {
    let name = Store.name(header.base.nextIndex, suffix: suffix)
    guard directory.has(name) else { return nil }
    let file = try directory.open(name, .existing)
    let length = try file.size()
    guard length > headerBytes, length <= UInt64(Int32.max), (Int(length) - headerBytes) % IndexEntry.bytes == 0,
      try file.read(at: 0, count: headerBytes) == headerBuffer(header)
    else { return nil }
    let capacity = (Int(length) - headerBytes) / IndexEntry.bytes
    var mapping = Mapping(try file.map(length: Int(length)), capacity: capacity)
    mapping.count = capacity
    return Index(file: file, base: header.base, mapping: mapping)
  }

  /// An index of just the size it needs, for a store that gets no more batches.
  static func make(of store: Store, in directory: Directory) throws(LogError) -> Index {
    var cursor = store.scan(to: FilePosition(try store.file.size()))
    var builder = IndexBuilder(base: store.header.base)
    var entries: [IndexEntry] = []
    while case .batch(let batch, let position) = try cursor.next() {
      if let entry = builder.entry(for: batch, at: position) { entries.append(entry) }
    }
    return try createForReading(
      in: directory, header: store.header, entries: entries, maximumBytes: bytes(entries: entries.count))
  }

  /// The bytes of the index of a sealed segment.
  static func encoded(_ header: StoreHeader, _ entries: [IndexEntry]) -> ByteBuffer {
    var buffer = headerBuffer(header)
    for entry in entries {
      buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: IndexEntry.bytes) { space in
        guard let base = space.baseAddress else { return 0 }
        entry.store(to: base)
        return IndexEntry.bytes
      }
    }
    return buffer
  }

  private static func headerBuffer(_ header: StoreHeader) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(
      magic, UInt32(0), header.base.nextIndex.rawValue, header.base.nextOffset.rawValue, header.incarnation.high,
      header.incarnation.low, UInt64(0), UInt64(0), UInt64(0), endianness: .little)
    buffer.setInteger(Checksummed.checksum(of: buffer), at: Checksummed.position, endianness: .little)
    return buffer
  }

  /// Entries that it still takes.
  var room: Int { state.withLock { $0.capacity - $0.count } }
  /// False when there is no room.
  func append(_ entry: IndexEntry) -> Bool {
    state.withLock { mapping in
      guard mapping.count < mapping.capacity else { return false }
      mapping.append(entry)
      return true
    }
  }

  /// Drops the entries at or after a position.
  func truncate(from position: FilePosition) {
    state.withLock { mapping in
      while mapping.count > 0 {
        if let entry = mapping[mapping.count - 1], UInt64(entry.position) < position.rawValue { return }
        mapping.count -= 1
      }
    }
  }

  enum Lookup {
    case found(IndexEntry)
    case none
    /// An entry on the way fails its checksum.
    case damaged
  }

  /// The last entry at or before the key.
  func lookup(_ key: LogKey) -> Lookup {
    state.withLock { mapping in
      var low = 0
      var high = mapping.count
      var best: IndexEntry?
      while low < high {
        let middle = (low + high) / 2
        guard let entry = mapping[middle] else { return .damaged }
        if key.isReached(by: entry, base: base) {
          best = entry
          low = middle + 1
        } else {
          high = middle
        }
      }
      return best.map { .found($0) } ?? .none
    }
  }

  /// Gives back the room that was not used. The file is not synced: a page that gets lost is noticed and made anew.
  func seal() throws(LogError) {
    let used = state.withLock { mapping in
      mapping.capacity = mapping.count
      return mapping.count
    }
    try file?.truncate(to: UInt64(Self.bytes(entries: used)))
  }
}

/// A mapped index file. The lock around it is held for one search or one store.
private struct Mapping: ~Copyable {
  private let memory: any MemoryMap
  var count = 0
  var capacity: Int

  init(_ memory: any MemoryMap, capacity: Int) {
    precondition(
      memory.bytes.count >= Index.bytes(entries: capacity),
      "a map of \(memory.bytes.count) bytes for \(capacity) entries")
    self.memory = memory
    self.capacity = capacity
  }

  private func address(of number: Int) -> UnsafeMutableRawPointer {
    guard number < capacity, let base = memory.bytes.baseAddress else {
      preconditionFailure("entry \(number) of an index for \(capacity)")
    }
    return base + Index.bytes(entries: number)
  }

  subscript(number: Int) -> IndexEntry? {
    IndexEntry(loadingFrom: address(of: number))
  }

  mutating func append(_ entry: IndexEntry) {
    entry.store(to: address(of: count))
    count += 1
  }
}
