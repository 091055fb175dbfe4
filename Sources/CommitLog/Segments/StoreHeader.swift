import NIOCore

/// The first 80 bytes of a store file: where the segment begins, what it follows, and which log it belongs to.
struct StoreHeader: Hashable, Sendable {
  /// The end of the log before this segment.
  let base: LogEnd
  let incarnation: LogIncarnation
  /// The latest append time of all batches before this segment, so that a time is looked up without opening it.
  let maximumAppendTime: Timestamp
  /// The segment before this one, as it was sealed. Opening a log compares names and lengths with these, and reads no
  /// sealed segment.
  let previous: SealedSegment?
  /// The encoded ``DerivedState`` that follows this header.
  let checkpointBytes: UInt32
  let checkpointChecksum: UInt32

  struct SealedSegment: Hashable, Sendable {
    let base: LogIndex
    let bytes: UInt32
  }

  static let bytes = 80
  /// "PLS" and the format version.
  private static let magic: UInt32 = 0x01_53_4C_50

  /// Where the batches begin.
  var firstPosition: FilePosition { FilePosition(UInt64(Self.bytes) + UInt64(checkpointBytes)) }

  func encoded() -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeMultipleIntegers(
      Self.magic, UInt32(0), base.nextIndex.rawValue, base.nextOffset.rawValue, base.lastTerm.rawValue,
      incarnation.high, incarnation.low, maximumAppendTime.microseconds, previous?.base.rawValue ?? 0,
      endianness: .little)
    buffer.writeMultipleIntegers(
      previous?.bytes ?? 0, checkpointBytes, checkpointChecksum, UInt32(0), endianness: .little)
    buffer.setInteger(Checksummed.checksum(of: buffer), at: Checksummed.position, endianness: .little)
    return buffer
  }

  static func decode(_ source: ByteBuffer) -> Result<StoreHeader, DecodingFailure> {
    if let failure = Checksummed.check(source, magic: magic, minimumBytes: bytes) { return .failure(failure) }
    var buffer = source
    buffer.moveReaderIndex(forwardBy: 8)
    guard
      let (index, offset, term, high, low) = buffer.readMultipleIntegers(
        endianness: .little, as: (UInt64, UInt64, UInt64, UInt64, UInt64).self),
      let (time, previousBase, previousBytes) = buffer.readMultipleIntegers(
        endianness: .little, as: (Int64, UInt64, UInt32).self),
      let (checkpointBytes, checkpointChecksum) = buffer.readMultipleIntegers(
        endianness: .little, as: (UInt32, UInt32).self)
    else { return .failure(DecodingFailure("too short")) }
    guard index >= 1, previousBase < index, checkpointBytes <= DerivedState.maximumEncodedBytes else {
      return .failure(DecodingFailure("has impossible values"))
    }
    return .success(
      StoreHeader(
        base: LogEnd(nextIndex: LogIndex(index), nextOffset: Offset(offset), lastTerm: Term(term)),
        incarnation: LogIncarnation(high: high, low: low), maximumAppendTime: Timestamp(microseconds: time),
        previous: previousBase == 0 ? nil : SealedSegment(base: LogIndex(previousBase), bytes: previousBytes),
        checkpointBytes: checkpointBytes, checkpointChecksum: checkpointChecksum))
  }
}
