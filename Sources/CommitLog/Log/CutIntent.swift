import NIOCore

/// The file `cut`: where a cut from the back that is under way leaves the end of the log.
///
/// Cutting a file zeroes the rest of its last block in the page cache (`ext4_block_truncate_page`, `xfs_truncate_page`), and
/// these zeros may be durable while the new length is not. Then zeros stand before the sync marks of what was to be cut, which
/// is what damage looks like. So the cut is noted first, and an opening that finds the note does it again.
struct CutIntent: DurableNote, Hashable, Sendable {
  let incarnation: LogIncarnation
  /// First index of the segment that is the last one afterwards.
  let base: LogIndex
  /// Where its batches end then. They were synced up to here before the note was made.
  let position: FilePosition

  static let name = "cut"
  static let change = "cut"
  static let bytes = 40
  static let maximumBytes = bytes
  /// "PLC" and the format version.
  private static let magic: UInt32 = 0x01_43_4C_50

  func encoded() -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(
      Self.magic, UInt32(0), incarnation.high, incarnation.low, base.rawValue, position.rawValue, endianness: .little)
    buffer.setInteger(Checksummed.checksum(of: buffer), at: Checksummed.position, endianness: .little)
    return buffer
  }

  static func decode(_ source: ByteBuffer) -> Result<CutIntent, DecodingFailure> {
    guard source.readableBytes == bytes else {
      return .failure(DecodingFailure("has \(source.readableBytes) bytes instead of \(bytes)"))
    }
    if let failure = Checksummed.check(source, magic: magic, minimumBytes: bytes) { return .failure(failure) }
    var buffer = source
    buffer.moveReaderIndex(forwardBy: 8)
    guard
      let (high, low, base, position) = buffer.readMultipleIntegers(
        endianness: .little, as: (UInt64, UInt64, UInt64, UInt64).self)
    else { return .failure(DecodingFailure("too short")) }
    guard base >= 1, position >= UInt64(StoreHeader.bytes), position <= UInt64(UInt32.max) else {
      return .failure(DecodingFailure("has impossible values"))
    }
    return .success(
      CutIntent(
        incarnation: LogIncarnation(high: high, low: low), base: LogIndex(base), position: FilePosition(position)))
  }

  /// The note in a directory, or nil.
  static func read(in directory: Directory, incarnation: LogIncarnation) throws(LogError) -> CutIntent? {
    guard let intent = try readNote(in: directory, incarnation: incarnation) else { return nil }
    guard directory.has(Store.name(intent.base)) else {
      throw .damaged(
        file: directory.path(of: name), position: FilePosition(24),
        what: "it cuts the log in \(Store.name(intent.base)), which is missing")
    }
    return intent
  }

  /// Does the cut, or what is missing of it, once more from its beginning; then removes the note. Stopped anywhere, it can be
  /// done again: what stays is not written to.
  func redo(in directory: Directory) throws(LogError) {
    let store = try Store.open(in: directory, base: base, incarnation: incarnation)
    if let damage = try damage(of: store) { throw damage }
    // Who made the note may have been killed before it synced the directory.
    try directory.sync()
    for later in try LogState.storeBases(directory).reversed() where later > base {
      try Store.removeFiles(base: later, in: directory)
    }
    try store.cut(at: position)
    try Self.remove(in: directory)
  }

  /// Why what is to stay is not what was there when the note was made.
  func damage(of store: Store) throws(LogError) -> LogError? {
    let size = try store.file.size()
    guard size >= position.rawValue else {
      return store.damaged(
        at: FilePosition(size), "it has \(size) bytes, but had \(position) at least when the log was cut there")
    }
    var cursor = store.scan(to: position)
    var end = store.firstPosition
    walk: while true {
      switch try cursor.next() {
      case .batch: end = cursor.position
      case .end: break walk
      case .invalid(let what): return store.damaged(at: cursor.position, what)
      }
    }
    // The cut is behind a batch, before the mark that may follow it.
    guard end == position else {
      return .damaged(
        file: store.file.path, position: end, what: "the log was cut at byte \(position), where no batch ends")
    }
    return nil
  }
}
