import Glibc
import NIOCore
import Synchronization

/// A sparse, memory-mapped table from offsets and indexes to positions in the store. It only saves time: each entry is
/// checked against the store when it is used, and a wrong or missing index is made anew from the store.
final class Index: Sendable {
  static let suffix = ".index"
  static let headerBytes = 64
  /// "PLI" and the format version.
  private static let magic: UInt32 = 0x01_49_4C_50

  let path: String
  /// The end of the log before this segment.
  let base: LogEnd
  private let state: Mutex<Mapping>
  private let isInMemory: Bool

  private init(path: String, base: LogEnd, mapping: consuming sending Mapping, isInMemory: Bool = false) {
    self.path = path
    self.isInMemory = isInMemory
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
    let path = directory.path(of: name)
    let capacity = max(entries.count, (maximumBytes - headerBytes) / IndexEntry.bytes)
    // Removed first: a reader may still have the old one mapped, which must not shrink under it.
    try directory.remove(name)
    let file = try File(path, .created)
    do throws(LogError) {
      // Blocks are reserved, for a write to a mapping has no other way to say "no space" than to kill the process.
      try file.allocate(from: 0, to: UInt64(bytes(entries: capacity)))
      try file.write([headerBuffer(header)], at: 0)
      var mapping = try Mapping(file, capacity: capacity)
      for entry in entries { mapping.append(entry) }
      return Index(path: path, base: header.base, mapping: mapping)
    } catch {
      unlink(path)
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
      guard case .noSpace(let path) = error else { throw error }
      var mapping = try Mapping(nil, capacity: max(entries.count, (maximumBytes - headerBytes) / IndexEntry.bytes))
      for entry in entries { mapping.append(entry) }
      return Index(path: path, base: header.base, mapping: mapping, isInMemory: true)
    }
  }

  /// Opens the index of a sealed segment. nil when it is missing or contradicts itself, so that it has to be made anew.
  static func openSealed(in directory: Directory, header: StoreHeader) throws(LogError) -> Index? {
    let path = directory.path(of: Store.name(header.base.nextIndex, suffix: suffix))
    guard access(path, F_OK) == 0 else { return nil }
    let file = try File(path, .existing)
    let length = try file.size()
    guard length > headerBytes, length <= UInt64(Int32.max), (Int(length) - headerBytes) % IndexEntry.bytes == 0,
      try file.read(at: 0, count: headerBytes) == headerBuffer(header)
    else { return nil }
    let capacity = (Int(length) - headerBytes) / IndexEntry.bytes
    var mapping = try Mapping(file, capacity: capacity)
    mapping.count = capacity
    return Index(path: path, base: header.base, mapping: mapping)
  }

  private static func headerBuffer(_ header: StoreHeader) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(
      magic, UInt32(0), header.base.nextIndex.rawValue, header.base.nextOffset.rawValue, header.incarnation.high,
      header.incarnation.low, UInt64(0), UInt64(0), UInt64(0), endianness: .little)
    buffer.setInteger(Checksummed.checksum(of: buffer), at: Checksummed.position, endianness: .little)
    return buffer
  }

  var count: Int { state.withLock { $0.count } }
  /// Entries that it still takes.
  var room: Int { state.withLock { $0.capacity - $0.count } }
  /// The last entry; nil when there is none or it fails its checksum.
  var last: IndexEntry? { state.withLock { $0.count == 0 ? nil : $0[$0.count - 1] } }

  /// False when there is no room.
  func append(_ entry: IndexEntry) -> Bool {
    state.withLock { mapping in
      guard mapping.count < mapping.capacity else { return false }
      mapping.append(entry)
      return true
    }
  }

  /// Drops the entries at or after a position, and returns the last one that stays.
  func truncate(from position: FilePosition) -> IndexEntry? {
    state.withLock { mapping in
      while mapping.count > 0 {
        if let entry = mapping[mapping.count - 1], UInt64(entry.position) < position.rawValue { return entry }
        mapping.count -= 1
      }
      return nil
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
    guard !isInMemory else { return }
    try File(path, .existing).truncate(to: UInt64(Self.bytes(entries: used)))
  }
}

/// A mapped index file. The lock around it is held for one search or one store.
private struct Mapping: ~Copyable {
  private let base: UnsafeMutableRawPointer
  private let length: Int
  var count = 0
  var capacity: Int

  /// Maps a file, or memory of its own without one.
  init(_ file: File?, capacity: Int) throws(LogError) {
    length = Index.bytes(entries: capacity)
    self.capacity = capacity
    let flags = file == nil ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED
    guard let base = mmap(nil, length, PROT_READ | PROT_WRITE, flags, file?.descriptor ?? -1, 0), base != MAP_FAILED
    else { throw .failed("map", file?.path ?? "memory for an index", errno: errno) }
    self.base = base
  }

  deinit {
    munmap(base, length)
  }

  subscript(number: Int) -> IndexEntry? {
    IndexEntry(loadingFrom: base + Index.bytes(entries: number))
  }

  mutating func append(_ entry: IndexEntry) {
    entry.store(to: base + Index.bytes(entries: count))
    count += 1
  }
}
