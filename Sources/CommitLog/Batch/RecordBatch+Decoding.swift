package import NIOCore

extension RecordBatch {
  /// Takes one batch from the front of `source`, sharing its bytes. On an error `source` is left as it was.
  ///
  /// Checks everything that does not need the batch before it: sizes, both checksums, attributes, framing of the records.
  package init(decoding source: inout ByteBuffer) throws(BatchError) {
    let length = try Self.encodedLength(in: source)
    guard source.readableBytes >= length else {
      throw .incomplete(needed: length, available: source.readableBytes)
    }
    guard let buffer = source.getSlice(at: source.readerIndex, length: length) else {
      preconditionFailure("\(source.readableBytes) readable bytes hold no slice of \(length)")
    }
    let batch = RecordBatch(wellFormed: buffer)
    try batch.validateBody()
    source.moveReaderIndex(forwardBy: length)
    self = batch
  }

  /// The length in bytes of the batch at the front of `source`, from a header that passes its checksum.
  package static func encodedLength(in source: ByteBuffer) throws(BatchError) -> Int {
    let magic = source.getInteger(at: source.readerIndex, endianness: .little, as: UInt32.self)
    if let magic, magic != BatchLayout.magic { throw .notABatch(magic: magic) }
    guard source.readableBytes >= BatchLayout.headerBytes else {
      throw .incomplete(needed: BatchLayout.payload, available: source.readableBytes)
    }
    let header = RecordBatch(wellFormed: source)
    let expected: UInt32 = header.field(at: BatchLayout.headerChecksum)
    let found = headerChecksum(of: source)
    guard expected == found else { throw .headerChecksum(expected: expected, found: found) }
    let bodyLength: UInt32 = header.field(at: BatchLayout.bodyLength)
    guard bodyLength >= BatchLayout.prefixBytes, bodyLength <= BatchLayout.maximumBodyBytes else {
      throw .bodyLength(bodyLength)
    }
    return BatchLayout.headerBytes + Int(bodyLength)
  }

  private func validateBody() throws(BatchError) {
    let found = Self.bodyChecksum(of: buffer, length: byteCount - BatchLayout.headerBytes)
    guard bodyChecksum == found else { throw .bodyChecksum(expected: bodyChecksum, found: found) }
    let rawAttributes: UInt16 = field(at: BatchLayout.attributes)
    guard let attributes = BatchAttributes(rawValue: rawAttributes) else { throw .attributes(rawAttributes) }
    let (_, overflow) = baseOffset.rawValue.addingReportingOverflow(UInt64(count))
    guard !overflow, index.rawValue < .max else { throw .counterOverflow }
    guard attributes.kind == .records else {
      guard count == 0 else { throw .countWithoutRecords(kind: attributes.kind, count: count) }
      return
    }
    if attributes.codec == .none {
      try Records.validate(payload, count: count)
    }
  }
}
