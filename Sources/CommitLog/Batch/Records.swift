package import NIOCore

/// A record and its place in the log. The value is a slice of the batch's bytes.
package struct Record: Hashable, Sendable {
  package let offset: Offset
  package let value: ByteBuffer
}

/// The records of a batch in order, without a copy and without an allocation for each.
package struct Records: Sequence, Sendable {
  private let baseOffset: Offset
  private let count: UInt32
  private let payload: ByteBuffer

  init(baseOffset: Offset, count: UInt32, payload: ByteBuffer) {
    self.baseOffset = baseOffset
    self.count = count
    self.payload = payload
  }

  /// Length in bytes of all of them, encoded and not compressed.
  package var byteCount: Int { payload.readableBytes }

  package func makeIterator() -> Iterator {
    Iterator(nextOffset: baseOffset, remaining: count, payload: payload)
  }

  /// Begins at the record with that offset, or at the first one when all come after it.
  package func makeIterator(from offset: Offset) -> Iterator {
    var iterator = makeIterator()
    guard offset > baseOffset else { return iterator }
    let distance = offset.rawValue - baseOffset.rawValue
    iterator.skip(distance < UInt64(count) ? UInt32(distance) : count)
    return iterator
  }

  package struct Iterator: IteratorProtocol {
    fileprivate var nextOffset: Offset
    fileprivate var remaining: UInt32
    fileprivate var payload: ByteBuffer

    package mutating func next() -> Record? {
      guard remaining > 0 else { return nil }
      let length = skipRecordHeader()
      guard let value = payload.readSlice(length: length) else {
        preconditionFailure("record \(nextOffset) of a validated batch has \(payload.readableBytes) of \(length) bytes")
      }
      defer {
        nextOffset = nextOffset.advanced(by: 1)
        remaining -= 1
      }
      return Record(offset: nextOffset, value: value)
    }

    /// Passes over `number` records without making values of them.
    fileprivate mutating func skip(_ number: UInt32) {
      for _ in 0..<number {
        payload.moveReaderIndex(forwardBy: skipRecordHeader())
      }
      nextOffset = nextOffset.advanced(by: number)
      remaining -= number
    }

    private mutating func skipRecordHeader() -> Int {
      guard let frame = payload.withUnsafeReadableBytes({ RecordFrame(in: $0) }) else {
        preconditionFailure("record \(nextOffset) of a validated batch is malformed")
      }
      payload.moveReaderIndex(forwardBy: frame.headerBytes)
      return frame.valueBytes
    }
  }

  func record(at offset: Offset) -> Record? {
    guard offset >= baseOffset, offset < baseOffset.advanced(by: count) else { return nil }
    var iterator = makeIterator(from: offset)
    return iterator.next()
  }

  /// Checks that the payload is exactly `count` records.
  static func validate(_ payload: ByteBuffer, count: UInt32) throws(BatchError) {
    let problem: BatchError? = payload.withUnsafeReadableBytes { bytes in
      var position = 0
      for number in 0..<count {
        guard let frame = RecordFrame(in: UnsafeRawBufferPointer(rebasing: bytes[position...])) else {
          return .malformedRecord(number: number)
        }
        position += frame.headerBytes + frame.valueBytes
      }
      return position == bytes.count ? nil : .trailingBytes(bytes.count - position)
    }
    if let problem { throw problem }
  }
}

/// The bytes before a record's value: unsigned LEB128 of the length of what follows it, then a byte of flags, reserved and 0.
struct RecordFrame {
  /// Five groups of seven bits hold any 32-bit length.
  static let maximumHeaderBytes = 6

  let headerBytes: Int
  let valueBytes: Int

  /// Writes what stands before a value, and returns its length.
  static func writeHeader(valueBytes: Int, to space: UnsafeMutableRawBufferPointer) -> Int {
    var length = UInt32(valueBytes + 1)
    var position = 0
    while length > 0x7F {
      space[position] = UInt8(truncatingIfNeeded: length) | 0x80
      length >>= 7
      position += 1
    }
    space[position] = UInt8(length)
    space[position + 1] = 0
    return position + 2
  }

  /// nil when the bytes are not a whole record.
  init?(in bytes: UnsafeRawBufferPointer) {
    var length: UInt64 = 0
    var position = 0
    while true {
      guard position < Self.maximumHeaderBytes - 1, position < bytes.count else { return nil }
      let byte = bytes[position]
      length |= UInt64(byte & 0x7F) << (7 * UInt64(position))
      position += 1
      if byte & 0x80 == 0 { break }
    }
    guard length >= 1, length <= UInt64(bytes.count - position), bytes[position] == 0 else { return nil }
    headerBytes = position + 1
    valueBytes = Int(length) - 1
  }
}

extension RecordBatch {
  /// The records; none for a batch of another kind. Those of a compressed batch are decompressed and checked each time.
  package var records: Records {
    get throws(BatchError) {
      guard kind == .records else { return Records(baseOffset: baseOffset, count: 0, payload: ByteBuffer()) }
      return Records(baseOffset: baseOffset, count: count, payload: try recordPayload())
    }
  }

  /// The record with that offset, or nil when the batch does not hold it.
  package func record(at offset: Offset) throws(BatchError) -> Record? {
    try records.record(at: offset)
  }
}
