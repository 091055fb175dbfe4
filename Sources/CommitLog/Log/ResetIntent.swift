import NIOCore

/// The file `reset`: the log is being replaced by an empty one that starts elsewhere (Raft paper §7: a snapshot that the log
/// contradicts).
///
/// It holds all that the new log begins with, so that a crash in the middle leaves the old log or, after the next opening, the
/// new one.
struct ResetIntent: DurableNote {
  let incarnation: LogIncarnation
  let start: LogEnd
  let state: DerivedState

  static let name = "reset"
  static let change = "reset"
  /// "PLR" and the format version.
  private static let magic: UInt32 = 0x01_52_4C_50
  private static let headerBytes = 56
  static let maximumBytes = headerBytes + DerivedState.maximumEncodedBytes

  func encoded() -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(
      Self.magic, UInt32(0), incarnation.high, incarnation.low, start.nextIndex.rawValue, start.nextOffset.rawValue,
      start.lastTerm.rawValue, state.maximumAppendTime.microseconds, endianness: .little)
    buffer.writeImmutableBuffer(state.encoded())
    buffer.setInteger(Checksummed.checksum(of: buffer), at: Checksummed.position, endianness: .little)
    return buffer
  }

  static func decode(_ source: ByteBuffer) -> Result<ResetIntent, DecodingFailure> {
    if let failure = Checksummed.check(source, magic: magic, minimumBytes: headerBytes) { return .failure(failure) }
    var buffer = source
    buffer.moveReaderIndex(forwardBy: 8)
    guard
      let (high, low, index, offset, term, time) = buffer.readMultipleIntegers(
        endianness: .little, as: (UInt64, UInt64, UInt64, UInt64, UInt64, Int64).self)
    else { return .failure(DecodingFailure("too short")) }
    guard index >= 1, let state = DerivedState(decoding: buffer, maximumAppendTime: Timestamp(microseconds: time))
    else {
      return .failure(DecodingFailure("has impossible values"))
    }
    return .success(
      ResetIntent(
        incarnation: LogIncarnation(high: high, low: low),
        start: LogEnd(nextIndex: LogIndex(index), nextOffset: Offset(offset), lastTerm: Term(term)), state: state))
  }

  /// Replaces the log, or what is left of it, and removes the note. Stopped anywhere, it can be done again: nothing is appended
  /// to the new log before the note is gone.
  func perform(in directory: Directory, _ configuration: Log.Configuration) throws(LogError) -> OpenSegment {
    // Who made the note may have been killed before it synced the directory.
    try directory.sync()
    for base in try LogState.storeBases(directory).reversed() {
      try Store.removeFiles(base: base, in: directory)
    }
    let files = try LogState.createSegment(
      in: directory, configuration, incarnation, base: start, previous: nil, state: state)
    try Self.remove(in: directory)
    return files
  }
}
