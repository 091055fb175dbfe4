import NIOCore

@testable import CommitLog

/// Makes checksums right again after a mutation, so that what lies behind them is reached as well.
enum Restamp {
  /// A batch at the front; its length is made that of the bytes when `fixLength` is set.
  static func batch(_ bytes: inout [UInt8], at start: Int = 0, fixLength: Bool = false) {
    guard bytes.count - start >= BatchLayout.payload else { return }
    set(&bytes, BatchLayout.magic, at: start)
    if fixLength {
      set(&bytes, UInt32(bytes.count - start - BatchLayout.headerBytes), at: start + BatchLayout.bodyLength)
    }
    let length = Int(get(bytes, at: start + BatchLayout.bodyLength))
    let body = start + BatchLayout.headerBytes
    if length <= bytes.count - body {
      set(&bytes, checksum(bytes, body..<body + length), at: start + BatchLayout.bodyChecksum)
    }
    set(&bytes, checksum(bytes, start + BatchLayout.index..<body), at: start + BatchLayout.headerChecksum)
  }

  /// A small structure at the front: magic number, checksum, and what it covers.
  static func checksummed(_ bytes: inout [UInt8], at start: Int = 0, length: Int? = nil, seed: UInt32 = 0) {
    let end = length.map { start + $0 } ?? bytes.count
    guard end <= bytes.count, end - start >= 8 else { return }
    set(&bytes, checksum(bytes, start + 8..<end, seed: seed), at: start + Checksummed.position)
  }

  /// A whole store: its header, and every batch and mark that can be told by its magic number.
  static func store(_ bytes: inout [UInt8], incarnation: LogIncarnation) {
    if bytes.count >= StoreHeader.bytes {
      // Its length stands in the header.
      let length = Int(get(bytes, at: 68))
      if length <= bytes.count - StoreHeader.bytes {
        set(&bytes, checksum(bytes, StoreHeader.bytes..<StoreHeader.bytes + length), at: 72)
      }
    }
    checksummed(&bytes, length: StoreHeader.bytes)
    var position = StoreHeader.bytes
    while position + SyncMark.bytes <= bytes.count {
      switch get(bytes, at: position) {
      case BatchLayout.magic:
        batch(&bytes, at: position)
        let length = Int(get(bytes, at: position + BatchLayout.bodyLength, or: 0))
        position += min(max(length, 0) + BatchLayout.headerBytes, bytes.count)
      case SyncMark.magic:
        for byte in 0..<8 { bytes[position + 8 + byte] = UInt8(truncatingIfNeeded: position >> (8 * byte)) }
        checksummed(&bytes, at: position, length: SyncMark.bytes, seed: incarnation.checksumSeed)
        position += SyncMark.bytes
      default:
        position += 1
      }
    }
  }

  /// An index: its header and every entry.
  static func index(_ bytes: inout [UInt8]) {
    checksummed(&bytes, length: Index.headerBytes)
    var position = Index.headerBytes
    while position + IndexEntry.bytes <= bytes.count {
      let words = bytes[position..<position + 12] + [0, 0, 0, 0] + bytes[position + 16..<position + 24]
      set(&bytes, Array(words).withUnsafeBytes { CRC32C.checksum($0) }, at: position + 12)
      position += IndexEntry.bytes
    }
  }

  private static func checksum(_ bytes: [UInt8], _ range: Range<Int>, seed: UInt32 = 0) -> UInt32 {
    bytes.withUnsafeBytes { CRC32C.checksum(UnsafeRawBufferPointer(rebasing: $0[range]), continuing: seed) }
  }

  private static func get(_ bytes: [UInt8], at position: Int, or missing: UInt32? = nil) -> UInt32 {
    if let missing, position + 4 > bytes.count { return missing }
    return (0..<4).reduce(0) { $0 | UInt32(bytes[position + $1]) << (8 * UInt32($1)) }
  }

  private static func set(_ bytes: inout [UInt8], _ value: UInt32, at position: Int) {
    for byte in 0..<4 { bytes[position + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt32(byte))) }
  }
}
