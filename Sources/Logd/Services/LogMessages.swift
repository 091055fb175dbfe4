import CommitLog
import NIOCore

/// The messages of `log.v1.Log` that carry records, coded by hand around the value's bytes: generated code would
/// allocate a `Data` for every one of them. Field numbers are those of Proto/log/v1/log.proto.
enum LogMessages {
  /// The value of `ProduceRequest{Record record = 1 {bytes value = 1}}`.
  ///
  /// As protobuf asks, the last of a repeated field wins, and unknown fields are passed over.
  static func decodeProduceRequest(_ message: ByteBuffer) throws(MalformedMessage) -> ByteBuffer {
    var reader = ProtobufReader(message)
    var value: ByteBuffer?
    while let field = try reader.next() {
      guard case .bytes(number: 1, let record) = field else {
        if case .varint(number: 1, _) = field { throw MalformedMessage("record is no message") }
        continue
      }
      value = try recordValue(record) ?? value ?? ByteBuffer()
    }
    guard let value else { throw MalformedMessage("record is missing") }
    return value
  }

  private static func recordValue(_ record: ByteBuffer) throws(MalformedMessage) -> ByteBuffer? {
    var reader = ProtobufReader(record)
    var value: ByteBuffer?
    while let field = try reader.next() {
      if case .bytes(number: 1, let bytes) = field { value = bytes }
    }
    return value
  }

  /// `ProduceResponse{uint64 offset = 1}`.
  static func writeProduceResponse(offset: Offset, to buffer: inout ByteBuffer) {
    buffer.writeVarintField(1, offset.rawValue)
  }

  /// The offset of `ConsumeRequest{uint64 offset = 1}`; 0 when it is not given.
  static func decodeConsumeRequest(_ message: ByteBuffer) throws(MalformedMessage) -> Offset {
    var reader = ProtobufReader(message)
    var offset: UInt64 = 0
    while let field = try reader.next() {
      if case .varint(number: 1, let value) = field { offset = value }
    }
    return Offset(offset)
  }

  /// `ConsumeResponse{Record record = 2 {bytes value = 1; uint64 offset = 2; uint64 term = 3}}`.
  static func writeConsumeResponse(value: ByteBuffer, offset: Offset, term: Term, to buffer: inout ByteBuffer) {
    let valueLength = value.readableBytes
    var recordLength = varintFieldLength(offset.rawValue) + varintFieldLength(term.rawValue)
    if valueLength > 0 { recordLength += 1 + varintLength(UInt64(valueLength)) + valueLength }
    buffer.writeInteger(UInt8(2 << 3 | 2))
    buffer.writeVarint(UInt64(recordLength))
    if valueLength > 0 {
      buffer.writeInteger(UInt8(1 << 3 | 2))
      buffer.writeVarint(UInt64(valueLength))
      buffer.writeImmutableBuffer(value)
    }
    buffer.writeVarintField(2, offset.rawValue)
    buffer.writeVarintField(3, term.rawValue)
  }

  /// The most that a response has beside a record's value, in bytes: keys, lengths, offset and term.
  static let maximumOverheadBytes = 40

  private static func varintLength(_ value: UInt64) -> Int {
    max(1, (UInt64.bitWidth - value.leadingZeroBitCount + 6) / 7)
  }

  /// proto3 leaves a field of value 0 out.
  private static func varintFieldLength(_ value: UInt64) -> Int {
    value == 0 ? 0 : 1 + varintLength(value)
  }
}

extension ByteBuffer {
  fileprivate mutating func writeVarint(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      writeInteger(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    writeInteger(UInt8(value))
  }

  /// A field of a number below 16 and wire type 0; left out when it is 0, as proto3 does.
  fileprivate mutating func writeVarintField(_ number: UInt8, _ value: UInt64) {
    guard value != 0 else { return }
    writeInteger(number << 3)
    writeVarint(value)
  }
}
