package import NIOCore

/// Follows the frames in what a client sends, without holding any of it: their headers, and whether one that HTTP/2 has
/// to hold until it is whole is still on its way.
package struct FrameScanner: Equatable {
  /// "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" (RFC 9113, 3.4).
  private static let prefaceBytes = 24
  private static let headerBytes = 9
  /// Length, type and flags; the stream's id comes behind.
  private static let meaningfulHeaderBytes = 5

  /// Bytes of the preface or of a payload that are yet to come.
  private var skipped = Self.prefaceBytes
  private var headerBits: UInt64 = 0
  private var headerCount = 0
  private var current: FrameHeader.Kind? = .data
  private var isInHeaderBlock = false

  /// How many units were completed: frames, and blocks of headers with all their CONTINUATIONs. A unit that is
  /// incomplete under the same number twice is the same one.
  package private(set) var completedUnits = 0

  package init() {}

  /// Whether a frame or a block of headers has begun and not ended that HTTP/2 holds until it is whole. DATA is passed on
  /// as it comes.
  package var isIncomplete: Bool {
    isInHeaderBlock || headerCount > 0 || (skipped > 0 && current != .data)
  }

  /// Calls `body` for every frame that begins in `bytes`; stops when it returns false.
  package mutating func scan(_ bytes: ByteBuffer, _ body: (FrameHeader) -> Bool) {
    bytes.withUnsafeReadableBytes { bytes in
      var index = 0
      while index < bytes.count {
        if skipped > 0 {
          let count = min(skipped, bytes.count - index)
          index += count
          skipped -= count
          if skipped == 0 { completeFrame() }
          continue
        }
        guard let frame = readHeader(bytes, &index) else { return }
        begin(frame)
        guard body(frame) else { return }
      }
    }
  }

  private mutating func readHeader(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> FrameHeader? {
    while headerCount < Self.headerBytes {
      guard index < bytes.count else { return nil }
      if headerCount < Self.meaningfulHeaderBytes { headerBits = headerBits << 8 | UInt64(bytes[index]) }
      headerCount += 1
      index += 1
    }
    defer {
      headerBits = 0
      headerCount = 0
    }
    return FrameHeader(headerBits)
  }

  private mutating func begin(_ frame: FrameHeader) {
    current = frame.kind
    skipped = frame.length
    switch frame.kind {
    case .headers, .continuation: isInHeaderBlock = !frame.endsHeaders
    default: break
    }
    if skipped == 0 { completeFrame() }
  }

  private mutating func completeFrame() {
    if !isInHeaderBlock { completedUnits &+= 1 }
  }
}
