import NIOCore

/// Reads the fields of one protobuf message out of a buffer, without copying what they hold.
///
/// The wire format: protobuf.dev/programming-guides/encoding.
struct ProtobufReader {
  enum Field {
    case varint(number: Int, UInt64)
    /// A string, bytes or embedded message: a slice of the buffer.
    case bytes(number: Int, ByteBuffer)
    /// A fixed-width number, of no use to any message read here.
    case skipped(number: Int)
  }

  private var buffer: ByteBuffer

  init(_ buffer: ByteBuffer) { self.buffer = buffer }

  /// The next field, or nil at the end.
  mutating func next() throws(MalformedMessage) -> Field? {
    guard buffer.readableBytes > 0 else { return nil }
    let key = try varint()
    guard let number = Int(exactly: key >> 3), (1...536_870_911).contains(number) else {
      throw MalformedMessage("field number \(key >> 3) is out of range")
    }
    switch key & 7 {
    case 0: return .varint(number: number, try varint())
    case 1: return try skip(8, number)
    case 2:
      let length = try varint()
      guard length <= UInt64(buffer.readableBytes), let slice = buffer.readSlice(length: Int(length)) else {
        throw MalformedMessage("field \(number) is cut off: \(length) bytes announced, \(buffer.readableBytes) there")
      }
      return .bytes(number: number, slice)
    case 5: return try skip(4, number)
    default: throw MalformedMessage("field \(number) has the unknown wire type \(key & 7)")
    }
  }

  private mutating func skip(_ bytes: Int, _ number: Int) throws(MalformedMessage) -> Field {
    guard buffer.readableBytes >= bytes else { throw MalformedMessage("field \(number) is cut off") }
    buffer.moveReaderIndex(forwardBy: bytes)
    return .skipped(number: number)
  }

  private mutating func varint() throws(MalformedMessage) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = buffer.readInteger(as: UInt8.self) else { throw MalformedMessage("a number is cut off") }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw MalformedMessage("a number is longer than 10 bytes")
  }
}

/// Bytes that are not the message which the method takes.
struct MalformedMessage: Error, Equatable, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}
