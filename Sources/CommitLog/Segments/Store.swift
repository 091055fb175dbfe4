import NIOCore

/// A file of batches, back to back after its header and checkpoint, with sync marks between some of them and zeros after
/// the last.
final class Store: Sendable {
  let file: any File
  let header: StoreHeader

  static let suffix = ".store"
  var firstPosition: FilePosition { header.firstPosition }

  private init(file: any File, header: StoreHeader) {
    self.file = file
    self.header = header
  }

  /// The name of a segment's file: its first *index*, for two segments can share a base offset when the first holds no
  /// records, but never an index.
  static func name(_ base: LogIndex, suffix: String = Store.suffix) -> String {
    let digits = base.description
    // UInt64.max has 20 digits.
    return String(repeating: "0", count: 20 - digits.count) + digits + suffix
  }

  /// The index in a name made by ``name(_:suffix:)``.
  static func baseIndex(ofName name: String, suffix: String = Store.suffix) -> LogIndex? {
    guard name.hasSuffix(suffix), let index = UInt64(name.dropLast(suffix.count)).map(LogIndex.init),
      Store.name(index, suffix: suffix) == name
    else { return nil }
    return index
  }

  /// Makes a store that begins with this state, and nothing else yet.
  static func create(
    in directory: Directory, base: LogEnd, incarnation: LogIncarnation, previous: StoreHeader.SealedSegment?,
    state: DerivedState
  ) throws(LogError) -> Store {
    let checkpoint = state.encoded()
    let header = StoreHeader(
      base: base, incarnation: incarnation, maximumAppendTime: state.maximumAppendTime, previous: previous,
      checkpointBytes: UInt32(checkpoint.readableBytes), checkpointChecksum: CRC32C.checksum(of: checkpoint))
    let file = try directory.create(
      name(base.nextIndex), content: [header.encoded(), checkpoint], allocating: header.firstPosition.rawValue)
    return Store(file: file, header: header)
  }

  static func open(
    in directory: Directory, base: LogIndex, incarnation: LogIncarnation, _ mode: FileMode = .existing
  ) throws(LogError) -> Store {
    let file = try directory.open(name(base), mode)
    let header: StoreHeader
    switch StoreHeader.decode(try file.read(at: 0, count: StoreHeader.bytes)) {
    case .failure(let failure):
      throw .damaged(file: file.path, position: FilePosition(0), what: "header " + failure.what)
    case .success(let decoded): header = decoded
    }
    guard header.base.nextIndex == base else {
      throw .damaged(
        file: file.path, position: FilePosition(8), what: "it begins with index \(header.base.nextIndex) by its header")
    }
    guard header.incarnation == incarnation else {
      throw .damaged(
        file: file.path, position: FilePosition(32),
        what: "it belongs to another log (\(header.incarnation), this one is \(incarnation))")
    }
    return Store(file: file, header: header)
  }

  /// Removes a segment's files, the store durably before anything else happens: were two removals reordered by a crash, there
  /// would be a gap.
  static func removeFiles(base: LogIndex, in directory: Directory) throws(LogError) {
    try directory.remove(name(base))
    try directory.sync()
    try directory.remove(name(base, suffix: Index.suffix))
  }

  /// Ends the file here, durably. A file that is shorter in the page cache already may be longer on the disk.
  func cut(at position: FilePosition) throws(LogError) {
    try file.truncate(to: position.rawValue)
    try file.sync()
  }

  /// The state of the log before this segment.
  func checkpoint() throws(LogError) -> DerivedState {
    let bytes = try file.read(at: UInt64(StoreHeader.bytes), count: Int(header.checkpointBytes))
    let place = FilePosition(UInt64(StoreHeader.bytes))
    guard bytes.readableBytes == header.checkpointBytes, CRC32C.checksum(of: bytes) == header.checkpointChecksum else {
      throw damaged(at: place, "the checkpoint of \(header.checkpointBytes) bytes fails its checksum")
    }
    guard let state = DerivedState(decoding: bytes, maximumAppendTime: header.maximumAppendTime) else {
      throw damaged(at: place, "the checkpoint has a passing checksum but makes no sense")
    }
    return state
  }

  func damaged(at position: FilePosition, _ what: String) -> LogError {
    .damaged(file: file.path, position: position, what: what)
  }

  /// A walk over the whole store.
  func scan(to limit: FilePosition) -> StoreCursor {
    StoreCursor(
      self, from: firstPosition, to: limit, expecting: header.base, windowBytes: StoreCursor.scanWindow)
  }

  /// A mark that everything before `position` is synced.
  func mark(at position: FilePosition) -> ByteBuffer {
    SyncMark(position: position).encoded(seed: header.incarnation.checksumSeed)
  }

  /// What bad bytes after the last good batch of a log are.
  enum Tail {
    /// Zeros: room not yet used.
    case unused
    /// What a crash left of a write that nobody was told of.
    case torn(bytes: UInt64)
    /// They were synced once, for a sync mark follows.
    case damaged(String)
  }

  func judge(_ what: String, at position: FilePosition, size: FilePosition) throws(LogError) -> Tail {
    guard let end = try endOfData(from: position, to: size) else { return .unused }
    if let mark = try firstMark(from: position, to: size) {
      return .damaged("\(what); it was synced before byte \(mark) was written")
    }
    return .torn(bytes: end.rawValue - position.rawValue)
  }

  /// Writes what can be read in a range once more to the same place.
  func rewrite(from start: FilePosition, to end: FilePosition) throws(LogError) {
    var position = start.rawValue
    while position < end.rawValue {
      let window = try file.read(at: position, count: min(StoreCursor.scanWindow, Int(end.rawValue - position)))
      try file.write([window], at: position)
      position += UInt64(window.readableBytes)
    }
  }

  /// The position after the last byte that is not zero in a range, or nil when all are.
  func endOfData(from start: FilePosition, to end: FilePosition) throws(LogError) -> FilePosition? {
    var last: FilePosition?
    try forEachWindow(from: start, to: end) { bytes, position in
      if let index = bytes.lastIndex(where: { $0 != 0 }) { last = FilePosition(position).advanced(by: index + 1) }
      return true
    }
    return last
  }

  /// The first sync mark in a range, looked for at every byte.
  func firstMark(from start: FilePosition, to end: FilePosition) throws(LogError) -> FilePosition? {
    let seed = header.incarnation.checksumSeed
    var found: FilePosition?
    try forEachWindow(from: start, to: end) { bytes, position in
      var candidate = 0
      while candidate + SyncMark.bytes <= bytes.count {
        if bytes.loadUnaligned(fromByteOffset: candidate, as: UInt32.self).littleEndian == SyncMark.magic {
          let place = FilePosition(position).advanced(by: candidate)
          let slice = ByteBuffer(bytes: bytes[candidate..<candidate + SyncMark.bytes])
          if SyncMark(slice, at: place, seed: seed) != nil {
            found = place
            return false
          }
        }
        candidate += 1
      }
      return true
    }
    return found
  }

  /// Calls `body` with windows that overlap by less than a mark, until it returns false.
  private func forEachWindow(
    from start: FilePosition, to end: FilePosition, _ body: (UnsafeRawBufferPointer, UInt64) -> Bool
  ) throws(LogError) {
    var position = start.rawValue
    while position < end.rawValue {
      let count = min(StoreCursor.scanWindow, Int(end.rawValue - position))
      let window = try file.read(at: position, count: count)
      guard window.readableBytes > 0, window.withUnsafeReadableBytes({ body($0, position) }) else { return }
      guard position + UInt64(window.readableBytes) < end.rawValue else { return }
      position += UInt64(max(1, window.readableBytes - (SyncMark.bytes - 1)))
    }
  }
}
