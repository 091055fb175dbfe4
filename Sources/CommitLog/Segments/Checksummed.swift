import NIOCore

/// Why a small structure of a file is not what it should be.
struct DecodingFailure: Error {
  let what: String

  init(_ what: String) {
    self.what = what
  }
}

/// What all small structures on disk share: a magic number with the version, then a CRC32C of everything after it.
enum Checksummed {
  static let position = 4
  private static let covered = 8

  static func checksum(of buffer: ByteBuffer, seed: UInt32 = 0) -> UInt32 {
    buffer.withUnsafeReadableBytes { bytes in
      CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[covered...]), continuing: seed)
    }
  }

  /// What is wrong with the bytes, or nil.
  static func check(_ buffer: ByteBuffer, magic: UInt32, minimumBytes: Int, seed: UInt32 = 0) -> DecodingFailure? {
    guard buffer.readableBytes >= minimumBytes else {
      return DecodingFailure("too short: \(buffer.readableBytes) of \(minimumBytes) bytes")
    }
    let start = buffer.readerIndex
    guard
      let found = buffer.getInteger(at: start, endianness: .little, as: UInt32.self),
      let stored = buffer.getInteger(at: start + position, endianness: .little, as: UInt32.self)
    else { return DecodingFailure("too short") }
    guard found == magic else {
      return DecodingFailure("starts with 0x\(String(found, radix: 16)), which is no format that this version knows")
    }
    let computed = checksum(of: buffer, seed: seed)
    guard stored == computed else {
      return DecodingFailure("fails its checksum (stored \(stored), computed \(computed))")
    }
    return nil
  }
}
