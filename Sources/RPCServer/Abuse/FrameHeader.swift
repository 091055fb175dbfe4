/// The first five of the nine bytes that begin a frame (RFC 9113, 4.1).
package struct FrameHeader: Equatable, Sendable {
  package enum Kind: UInt8, Sendable {
    case data = 0
    case headers = 1
    case priority = 2
    case reset = 3
    case settings = 4
    case pushPromise = 5
    case ping = 6
    case goAway = 7
    case windowUpdate = 8
    case continuation = 9
  }

  private static let endStreamFlag: UInt8 = 0x1
  private static let endHeadersFlag: UInt8 = 0x4
  private static let paddedFlag: UInt8 = 0x8

  /// `nil` for an extension, which receivers ignore (RFC 9113, 5.5).
  package let kind: Kind?
  package let flags: UInt8
  /// Bytes that follow the nine.
  package let length: Int

  package init(kind: Kind?, flags: UInt8 = 0, length: Int = 0) {
    self.kind = kind
    self.flags = flags
    self.length = length
  }

  /// The length in 24 bits, the type in 8 and the flags in 8.
  init(_ bits: UInt64) {
    kind = Kind(rawValue: UInt8(truncatingIfNeeded: bits >> 8))
    flags = UInt8(truncatingIfNeeded: bits)
    length = Int(bits >> 16 & 0xFF_FFFF)
  }

  var endsStream: Bool { flags & Self.endStreamFlag != 0 }
  var endsHeaders: Bool { flags & Self.endHeadersFlag != 0 }
  var isPadded: Bool { flags & Self.paddedFlag != 0 }
}
