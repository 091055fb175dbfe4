import NIOCore

/// Cuts a stream of bytes into lines, however the stream was chunked: a watch is one JSON object a line.
///
/// Holds at most one incomplete line and the chunk that was appended last.
struct LineSplitter {
  /// Bytes that one line may have.
  let maximumLength: Int
  private var pending = ByteBuffer()
  /// Readable bytes of `pending` that are known to hold no newline.
  private var scanned = 0

  init(maximumLength: Int) { self.maximumLength = maximumLength }

  /// Whether bytes after the last newline are left over.
  var hasPartialLine: Bool { pending.readableBytes > 0 }

  mutating func append(_ chunk: ByteBuffer) {
    if pending.readableBytes == 0 {
      pending = chunk
    } else {
      pending.discardReadBytes()
      pending.writeImmutableBuffer(chunk)
    }
  }

  /// The next whole line without its newline; nil until more bytes are appended.
  mutating func next() throws(KubernetesError) -> ByteBuffer? {
    let unread = pending.readableBytesView
    let newline = unread[(unread.startIndex + scanned)...].firstIndex(of: UInt8(ascii: "\n"))
    let length = (newline ?? unread.endIndex) - unread.startIndex
    guard length <= maximumLength else {
      throw .malformed("a line of a watch is longer than \(maximumLength) bytes")
    }
    guard newline != nil else {
      scanned = length
      return nil
    }
    scanned = 0
    let line = pending.readSlice(length: length)
    pending.moveReaderIndex(forwardBy: 1)
    return line
  }
}
