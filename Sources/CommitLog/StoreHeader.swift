import NIOCore

/// The first 64 bytes of a store file: where the segment begins, and which log it belongs to.
struct StoreHeader: Hashable, Sendable {
  /// The end of the log before this segment.
  let base: LogEnd
  let incarnation: LogIncarnation

  static let bytes = 64
  /// "PLS" and the format version.
  private static let magic: UInt32 = 0x01_53_4C_50

  func encoded() -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(
      Self.magic, UInt32(0), base.nextIndex.rawValue, base.nextOffset.rawValue, base.lastTerm.rawValue,
      incarnation.high, incarnation.low, UInt64(0), UInt64(0), endianness: .little)
    buffer.setInteger(Checksummed.checksum(of: buffer), at: Checksummed.position, endianness: .little)
    return buffer
  }

  static func decode(_ source: ByteBuffer) -> Result<StoreHeader, DecodingFailure> {
    if let failure = Checksummed.check(source, magic: magic, minimumBytes: bytes) { return .failure(failure) }
    var buffer = source
    buffer.moveReaderIndex(forwardBy: 8)
    guard
      let (index, offset, term, high, low) = buffer.readMultipleIntegers(
        endianness: .little, as: (UInt64, UInt64, UInt64, UInt64, UInt64).self)
    else { return .failure(DecodingFailure("too short")) }
    return .success(
      StoreHeader(
        base: LogEnd(nextIndex: LogIndex(index), nextOffset: Offset(offset), lastTerm: Term(term)),
        incarnation: LogIncarnation(high: high, low: low)))
  }
}
