import NIOCore

/// Names one life of a data directory: made when it is first opened, so that a known node on a fresh disk is told apart.
package struct LogIncarnation: Hashable, Sendable, CustomStringConvertible {
  package let high: UInt64
  package let low: UInt64

  package init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// A random UUID (RFC 9562, version 4).
  static func random() -> LogIncarnation {
    LogIncarnation(
      high: (UInt64.random(in: 0 ... .max) & ~0xF000) | 0x4000,
      low: (UInt64.random(in: 0 ... .max) & ~(0b11 << 62)) | (0b10 << 62))
  }

  package var description: String {
    func hex(_ value: UInt64, _ shift: UInt64, _ digits: Int) -> String {
      let text = String((value >> shift) & ((1 << (4 * UInt64(digits))) - 1), radix: 16)
      return String(repeating: "0", count: digits - text.count) + text
    }
    return [hex(high, 32, 8), hex(high, 16, 4), hex(high, 0, 4), hex(low, 48, 4), hex(low, 0, 12)].joined(
      separator: "-")
  }

  /// Starts the checksums of what is bound to this directory: bytes of a client or of another log never pass for it.
  var checksumSeed: UInt32 {
    var words = [high.littleEndian, low.littleEndian]
    return words.withUnsafeMutableBytes { CRC32C.checksum(UnsafeRawBufferPointer($0)) }
  }
}

/// The file `meta`: who this log is.
package struct LogMetadata: Hashable, Sendable {
  package var incarnation: LogIncarnation
  /// The cluster that this log belongs to, once it is known.
  package var clusterID: String?
  /// The log has left another cluster to begin this one, whose first configuration may not be in it yet.
  package var isBeginningCluster = false

  static let name = "meta"
  /// "PLM" and the format version.
  private static let magic: UInt32 = 0x01_4D_4C_50
  /// The same, while a cluster is being begun: a version that does not know of it must not go on in the old one.
  private static let beginningMagic: UInt32 = 0x02_4D_4C_50
  private static let fixedBytes = 28
  package static let maximumClusterIDBytes = 255

  func encoded() -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(isBeginningCluster ? Self.beginningMagic : Self.magic, endianness: .little)
    buffer.writeInteger(UInt32(0), endianness: .little)
    buffer.writeInteger(incarnation.high, endianness: .little)
    buffer.writeInteger(incarnation.low, endianness: .little)
    let name = clusterID ?? ""
    buffer.writeInteger(UInt32(name.utf8.count), endianness: .little)
    buffer.writeString(name)
    buffer.setInteger(Checksummed.checksum(of: buffer), at: Checksummed.position, endianness: .little)
    return buffer
  }

  /// nil with the reason when the bytes are not a metadata file.
  static func decode(_ source: ByteBuffer) -> Result<LogMetadata, DecodingFailure> {
    let isBeginning =
      source.getInteger(at: source.readerIndex, endianness: .little, as: UInt32.self) == beginningMagic
    let magic = isBeginning ? beginningMagic : magic
    if let failure = Checksummed.check(source, magic: magic, minimumBytes: fixedBytes) { return .failure(failure) }
    var buffer = source
    buffer.moveReaderIndex(forwardBy: 8)
    guard
      let (high, low, length) = buffer.readMultipleIntegers(endianness: .little, as: (UInt64, UInt64, UInt32).self),
      length <= maximumClusterIDBytes, let bytes = buffer.readBytes(length: Int(length)), buffer.readableBytes == 0
    else { return .failure(DecodingFailure("cluster id has an impossible length")) }
    guard let name = String(validating: bytes, as: UTF8.self) else {
      return .failure(DecodingFailure("cluster id is not UTF-8"))
    }
    return .success(
      LogMetadata(
        incarnation: LogIncarnation(high: high, low: low), clusterID: name.isEmpty ? nil : name,
        isBeginningCluster: isBeginning))
  }
}
