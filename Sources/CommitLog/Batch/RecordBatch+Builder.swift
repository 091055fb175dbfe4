package import NIOCore

extension RecordBatch {
  /// Encodes records straight into the bytes of a batch: one buffer for all of them, grown like an array.
  package struct Builder: Sendable {
    private var buffer: ByteBuffer
    private var firstTimestamp: Timestamp?
    private var maximumTimestamp = Timestamp(microseconds: 0)
    private let producer: Producer

    /// Records appended so far.
    package private(set) var count: UInt32 = 0

    /// - Parameter capacity: expected bytes of values, to save growing.
    package init(producer: Producer = .none, capacity: Int = 0) {
      self.producer = producer
      buffer = ByteBufferAllocator().buffer(capacity: BatchLayout.payload + capacity)
      buffer.writeRepeatingByte(0, count: BatchLayout.payload)
    }

    /// Length in bytes of the batch that ``finish()`` would give now.
    package var byteCount: Int { buffer.readableBytes }

    /// What ``byteCount`` would be at most after another value of that many bytes.
    package func byteCount(appending valueBytes: Int) -> Int {
      byteCount + RecordFrame.maximumHeaderBytes + valueBytes
    }

    package mutating func append(_ value: ByteBuffer, timestamp: Timestamp) {
      value.withUnsafeReadableBytes { append($0, timestamp: timestamp) }
    }

    package mutating func append(_ value: some Collection<UInt8>, timestamp: Timestamp) {
      let isContiguous: Void? = value.withContiguousStorageIfAvailable {
        append(UnsafeRawBufferPointer($0), timestamp: timestamp)
      }
      if isContiguous == nil { append(ByteBuffer(bytes: value), timestamp: timestamp) }
    }

    /// Header and value in one go: each access to the buffer has a cost of its own, and this runs for each record.
    private mutating func append(_ value: UnsafeRawBufferPointer, timestamp: Timestamp) {
      precondition(
        byteCount(appending: value.count) <= BatchLayout.headerBytes + BatchLayout.maximumBodyBytes,
        "a record of \(value.count) bytes does not fit a batch of \(byteCount); limit records before building")
      buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: RecordFrame.maximumHeaderBytes + value.count) { space in
        let header = RecordFrame.writeHeader(valueBytes: value.count, to: space)
        UnsafeMutableRawBufferPointer(rebasing: space[header...]).copyMemory(from: value)
        return header + value.count
      }
      count += 1
      maximumTimestamp = firstTimestamp == nil ? timestamp : max(maximumTimestamp, timestamp)
      firstTimestamp = firstTimestamp ?? timestamp
    }

    /// The batch, not yet stamped.
    package consuming func finish() -> RecordBatch {
      let first = firstTimestamp ?? Timestamp(microseconds: 0)
      return RecordBatch(
        completing: buffer, attributes: BatchAttributes(), producer: producer, count: count, firstTimestamp: first,
        maximumTimestamp: maximumTimestamp)
    }
  }

  /// A batch without records, not yet stamped: what the log itself has to remember.
  package init(kind: BatchKind, payload: ByteBuffer = ByteBuffer(), timestamp: Timestamp) {
    precondition(kind != .records, "records are built by RecordBatch.Builder")
    var buffer = ByteBufferAllocator().buffer(capacity: BatchLayout.payload + payload.readableBytes)
    buffer.writeRepeatingByte(0, count: BatchLayout.payload)
    buffer.writeImmutableBuffer(payload)
    self.init(
      completing: buffer, attributes: BatchAttributes(kind: kind), producer: .none, count: 0, firstTimestamp: timestamp,
      maximumTimestamp: timestamp)
  }

  package static func noOperation(timestamp: Timestamp) -> RecordBatch {
    RecordBatch(kind: .noOperation, timestamp: timestamp)
  }

  /// Fills in header and prefix, left blank at the front of `bytes`.
  init(
    completing bytes: consuming ByteBuffer, attributes: BatchAttributes, producer: Producer, count: UInt32,
    firstTimestamp: Timestamp, maximumTimestamp: Timestamp
  ) {
    var buffer = bytes
    let bodyLength = buffer.readableBytes - BatchLayout.headerBytes
    buffer.setInteger(attributes.rawValue, at: BatchLayout.attributes, endianness: .little)
    buffer.setInteger(producer.epoch, at: BatchLayout.producerEpoch, endianness: .little)
    buffer.setInteger(count, at: BatchLayout.count, endianness: .little)
    buffer.setInteger(producer.id, at: BatchLayout.producerID, endianness: .little)
    buffer.setInteger(producer.sequence, at: BatchLayout.sequence, endianness: .little)
    buffer.setInteger(firstTimestamp.microseconds, at: BatchLayout.firstTimestamp, endianness: .little)
    buffer.setInteger(maximumTimestamp.microseconds, at: BatchLayout.maximumTimestamp, endianness: .little)
    let bodyChecksum = Self.bodyChecksum(of: buffer, length: bodyLength)
    buffer.setInteger(BatchLayout.magic, at: 0, endianness: .little)
    buffer.setInteger(UInt32(bodyLength), at: BatchLayout.bodyLength, endianness: .little)
    buffer.setInteger(bodyChecksum, at: BatchLayout.bodyChecksum, endianness: .little)
    buffer.setInteger(Self.headerChecksum(of: buffer), at: BatchLayout.headerChecksum, endianness: .little)
    self.init(wellFormed: buffer)
  }
}
