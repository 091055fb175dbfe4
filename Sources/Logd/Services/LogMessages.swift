import CommitLog
import NIOCore

/// The messages of `log.v1.Log` that carry records, coded by hand around the value's bytes: generated code would
/// allocate a `Data` for every one of them. Field numbers are those of Proto/log/v1/log.proto.
enum LogMessages {
  /// `ProduceRequest{Record record = 1 {bytes value = 1}; repeated Record records = 2; bytes batch = 3; Producer producer = 4}`,
  /// of which exactly one of the first three is set, and the producer with the first two only.
  ///
  /// As protobuf asks, the last of a field wins, and unknown fields are passed over.
  static func decodeProduceRequest(_ message: ByteBuffer) throws(MalformedMessage) -> ProduceContents {
    var reader = ProtobufReader(message)
    var record: ByteBuffer?
    var records: [ByteBuffer] = []
    var batch: ByteBuffer?
    var producer: Producer?
    while let field = try reader.next() {
      switch field {
      case .bytes(number: 1, let bytes): record = try recordValue(bytes) ?? record ?? ByteBuffer()
      case .bytes(number: 2, let bytes): records.append(try recordValue(bytes) ?? ByteBuffer())
      // proto3 does not tell empty bytes from none.
      case .bytes(number: 3, let bytes): batch = bytes.readableBytes > 0 ? bytes : nil
      case .bytes(number: 4, let bytes): producer = try Self.producer(bytes, over: producer)
      case .varint(number: 1, _): throw MalformedMessage("record is no message")
      case .varint(number: 2, _): throw MalformedMessage("records is no message")
      case .varint(number: 3, _): throw MalformedMessage("batch is no bytes")
      default: break
      }
    }
    switch (record, records.isEmpty, batch) {
    case (let record?, true, nil):
      return try checked(producer).map { .numbered([record], $0, isSingle: true) } ?? .record(record)
    case (nil, false, nil):
      return try checked(producer).map { .numbered(records, $0, isSingle: false) } ?? .records(records)
    case (nil, true, let batch?):
      guard producer == nil else {
        throw MalformedMessage("producer is set beside batch, which has its own in its bytes")
      }
      return .batch(batch)
    case (nil, true, nil): throw MalformedMessage("record is missing: set record, records or batch")
    default: throw MalformedMessage("more than one of record, records and batch is set: set one")
    }
  }

  /// `Producer{uint64 id = 1; uint32 epoch = 2; uint64 sequence = 3}`, laid over what came before, as protobuf asks.
  private static func producer(_ message: ByteBuffer, over before: Producer?) throws(MalformedMessage) -> Producer {
    var reader = ProtobufReader(message)
    var producer = before ?? .none
    while let field = try reader.next() {
      switch field {
      case .varint(number: 1, let id): producer.id = id
      case .varint(number: 2, let epoch):
        guard let epoch = UInt16(exactly: epoch) else {
          throw MalformedMessage("producer.epoch is \(epoch), above 65535")
        }
        producer.epoch = epoch
      case .varint(number: 3, let sequence): producer.sequence = sequence
      default: break
      }
    }
    return producer
  }

  private static func checked(_ producer: Producer?) throws(MalformedMessage) -> Producer? {
    guard producer?.id != 0 else { throw MalformedMessage("producer.id is 0: choose one at random") }
    return producer
  }

  private static func recordValue(_ record: ByteBuffer) throws(MalformedMessage) -> ByteBuffer? {
    var reader = ProtobufReader(record)
    var value: ByteBuffer?
    while let field = try reader.next() {
      if case .bytes(number: 1, let bytes) = field { value = bytes }
    }
    return value
  }

  /// `ProduceResponse{uint64 offset = 1; uint32 count = 2; uint64 term = 3; bool is_duplicate = 4}`.
  static func writeProduceResponse(
    offset: Offset, count: UInt32 = 0, term: Term = Term(0), isDuplicate: Bool = false, to buffer: inout ByteBuffer
  ) {
    buffer.writeVarintField(1, offset.rawValue)
    buffer.writeVarintField(2, UInt64(count))
    buffer.writeVarintField(3, term.rawValue)
    buffer.writeVarintField(4, isDuplicate ? 1 : 0)
  }

  /// `ConsumeRequest{uint64 offset = 1; uint32 max_records = 2; uint32 max_bytes = 3; uint32 wait_milliseconds = 4;
  /// bool batches = 5}`.
  static func decodeConsumeRequest(_ message: ByteBuffer) throws(MalformedMessage) -> ConsumeRequest {
    var reader = ProtobufReader(message)
    var request = ConsumeRequest(offset: Offset(0))
    while let field = try reader.next() {
      switch field {
      case .varint(number: 1, let value): request.offset = Offset(value)
      // A uint32 takes the low half of what is longer, says protobuf.
      case .varint(number: 2, let value): request.maximumRecords = UInt32(truncatingIfNeeded: value)
      case .varint(number: 3, let value): request.maximumBytes = UInt32(truncatingIfNeeded: value)
      case .varint(number: 4, let value): request.waitMilliseconds = UInt32(truncatingIfNeeded: value)
      case .varint(number: 5, let value): request.wantsBatches = value != 0
      default: break
      }
    }
    return request
  }

  /// Where a record stands in a ConsumeResponse.
  enum RecordField: UInt8 {
    case record = 2
    case records = 3
  }

  /// A field of `ConsumeResponse{Record record = 2; repeated Record records = 3}`, where
  /// `Record{bytes value = 1; uint64 offset = 2; uint64 term = 3}`.
  static func writeRecord(
    _ field: RecordField, value: ByteBuffer, offset: Offset, term: Term, to buffer: inout ByteBuffer
  ) {
    let valueLength = value.readableBytes
    buffer.writeInteger(field.rawValue << 3 | 2)
    buffer.writeVarint(UInt64(recordLength(valueBytes: valueLength, offset: offset, term: term)))
    if valueLength > 0 {
      buffer.writeInteger(UInt8(1 << 3 | 2))
      buffer.writeVarint(UInt64(valueLength))
      buffer.writeImmutableBuffer(value)
    }
    buffer.writeVarintField(2, offset.rawValue)
    buffer.writeVarintField(3, term.rawValue)
  }

  /// The bytes that ``writeRecord(_:value:offset:term:to:)`` writes.
  static func recordFieldLength(valueBytes: Int, offset: Offset, term: Term) -> Int {
    let length = recordLength(valueBytes: valueBytes, offset: offset, term: term)
    return 1 + varintLength(UInt64(length)) + length
  }

  private static func recordLength(valueBytes: Int, offset: Offset, term: Term) -> Int {
    var length = varintFieldLength(offset.rawValue) + varintFieldLength(term.rawValue)
    if valueBytes > 0 { length += 1 + varintLength(UInt64(valueBytes)) + valueBytes }
    return length
  }

  /// One of `ConsumeResponse{repeated bytes batches = 4}`.
  static func writeBatch(_ batch: RecordBatch, to buffer: inout ByteBuffer) {
    buffer.writeInteger(UInt8(4 << 3 | 2))
    buffer.writeVarint(UInt64(batch.byteCount))
    buffer.writeImmutableBuffer(batch.buffer)
  }

  /// `ConsumeResponse{uint64 next_offset = 5; uint64 end_offset = 6}`.
  static func writeOffsets(next: Offset, end: Offset, to buffer: inout ByteBuffer) {
    buffer.writeVarintField(5, next.rawValue)
    buffer.writeVarintField(6, end.rawValue)
  }

  /// The most that a response has beside a record's value, in bytes: keys, lengths, offset and term, and the log's offsets.
  static let maximumOverheadBytes = 64

  /// The most that a response has beside each batch, in bytes: key and length.
  static let maximumBatchOverheadBytes = 6

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
