import NIOCore

/// 24 bytes between batches that say: everything before here had been synced when this was written.
///
/// Recovery needs it to tell the two kinds of bad bytes apart. A write that was never synced may come back torn and in any
/// order, so a bad batch before a good one proves nothing; a bad batch before a *mark* was once on disk and is damage. The
/// checksum starts from the log's incarnation, so that no client can put a mark into a record.
struct SyncMark: Hashable, Sendable {
  let position: FilePosition

  static let bytes = 24
  /// "PLY" and the format version.
  static let magic: UInt32 = 0x01_59_4C_50

  func encoded(seed: UInt32) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(Self.magic, UInt32(0), position.rawValue, UInt64(0), endianness: .little)
    buffer.setInteger(Checksummed.checksum(of: buffer, seed: seed), at: Checksummed.position, endianness: .little)
    return buffer
  }

  /// A mark at the front of `source`, which was read from `position`.
  init?(_ source: ByteBuffer, at position: FilePosition, seed: UInt32) {
    let start = source.readerIndex
    guard
      source.getInteger(at: start, endianness: .little, as: UInt32.self) == Self.magic,
      let buffer = source.getSlice(at: start, length: Self.bytes),
      Checksummed.check(buffer, magic: Self.magic, minimumBytes: Self.bytes, seed: seed) == nil,
      buffer.getInteger(at: buffer.readerIndex + 8, endianness: .little, as: UInt64.self) == position.rawValue
    else { return nil }
    self.init(position: position)
  }

  init(position: FilePosition) {
    self.position = position
  }
}
