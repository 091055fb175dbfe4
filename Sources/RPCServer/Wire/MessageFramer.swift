package import NIOCore

/// Cuts the body of a request into messages: a flag byte (1 = compressed), a length of four bytes, big endian, and that
/// many bytes. DATA frames may split or merge them anywhere.
///
/// The memory held is what was received, never what a prefix claims: five bytes of a peer cannot make us reserve 4 MiB.
package struct MessageFramer {
  /// One message as it travelled.
  package struct Message: Equatable {
    package var isCompressed: Bool
    package var payload: ByteBuffer
  }

  /// Flag byte and length.
  static let prefixBytes = 5
  /// How many times its own size a part of a message may hold in memory.
  private static let maximumSlack = 4

  private let maximumMessageBytes: Int
  private var buffer = ByteBuffer()

  package init(maximumMessageBytes: Int) { self.maximumMessageBytes = maximumMessageBytes }

  /// Whether bytes are left over that make no whole message.
  package var hasPartialMessage: Bool { buffer.readableBytes > 0 }

  /// Bytes of messages that are not taken yet.
  package var bufferedBytes: Int { buffer.readableBytes }

  /// Moves what is left of a message into memory of its own if it holds on to much more: a few bytes of a large read.
  package mutating func compact() {
    if buffer.storageCapacity > Self.maximumSlack * max(buffer.readableBytes, Self.prefixBytes) {
      buffer = ByteBuffer(bytes: buffer.readableBytesView)
    }
  }

  package mutating func append(_ data: ByteBuffer) {
    if buffer.readableBytes == 0 {
      // The common case, a message in one frame, is a slice and no copy.
      buffer = data
      return
    }
    if buffer.readerIndex > buffer.readableBytes { buffer.discardReadBytes() }
    buffer.writeImmutableBuffer(data)
  }

  /// The next whole message, or `nil` until more bytes come. A message over the limit is RESOURCE_EXHAUSTED as soon as
  /// its prefix is here; a flag other than 0 and 1 is INTERNAL.
  package mutating func next() throws(RPCStatus) -> Message? {
    guard let flag = buffer.getInteger(at: buffer.readerIndex, as: UInt8.self) else { return nil }
    guard flag <= 1 else {
      throw RPCStatus(.internal, "message prefix has compressed flag \(flag): only 0 and 1 are defined")
    }
    guard let length = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt32.self) else { return nil }
    guard Int(length) <= maximumMessageBytes else {
      throw RPCStatus(
        .resourceExhausted, "message of \(length) bytes is larger than the limit of \(maximumMessageBytes) bytes")
    }
    guard buffer.readableBytes >= Self.prefixBytes + Int(length) else { return nil }
    buffer.moveReaderIndex(forwardBy: Self.prefixBytes)
    guard let payload = buffer.readSlice(length: Int(length)) else {
      preconditionFailure("\(buffer.readableBytes) bytes hold no message of \(length) bytes")
    }
    if buffer.readableBytes == 0 { buffer = ByteBuffer() }
    return Message(isCompressed: flag == 1, payload: payload)
  }

  /// Drops what is held.
  mutating func clear() { buffer = ByteBuffer() }
}
