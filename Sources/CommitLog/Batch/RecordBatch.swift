package import NIOCore

/// A batch of records as it stands on disk and on the wire: one Raft entry, one unit of checksum, one unit of append.
///
/// The value wraps the encoded bytes and always holds a well-formed batch: it comes from ``Builder`` or from a decoding that
/// checked sizes, both checksums and the framing of its records. Copies share the bytes.
package struct RecordBatch: Sendable, Hashable {
  /// Header and body.
  package private(set) var buffer: ByteBuffer

  /// Takes bytes that are known to be a batch.
  init(wellFormed buffer: ByteBuffer) {
    self.buffer = buffer
  }

  /// Length of the encoded batch in bytes.
  package var byteCount: Int { buffer.readableBytes }

  /// In a buffer of its own when the one that it shares is more than twice as large: a small batch must not keep alive all that
  /// was read with it.
  package consuming func detached() -> RecordBatch {
    guard buffer.storageCapacity > 2 * byteCount else { return self }
    return RecordBatch(wellFormed: ByteBuffer(bytes: buffer.readableBytesView))
  }

  func field<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T {
    guard let value = buffer.getInteger(at: buffer.readerIndex + offset, endianness: .little, as: type) else {
      preconditionFailure("batch of \(buffer.readableBytes) bytes has no field at \(offset)")
    }
    return value
  }

  /// Sets what the leader decides. The body and its checksum stay as the producer made them.
  ///
  /// In place when nothing else holds the bytes; otherwise the whole batch is copied first.
  package mutating func stamp(index: LogIndex, term: Term, baseOffset: Offset, appendTime: Timestamp) {
    let start = buffer.readerIndex
    buffer.setInteger(index.rawValue, at: start + BatchLayout.index, endianness: .little)
    buffer.setInteger(term.rawValue, at: start + BatchLayout.term, endianness: .little)
    buffer.setInteger(baseOffset.rawValue, at: start + BatchLayout.baseOffset, endianness: .little)
    buffer.setInteger(appendTime.microseconds, at: start + BatchLayout.appendTime, endianness: .little)
    let checksum = Self.headerChecksum(of: buffer)
    buffer.setInteger(checksum, at: start + BatchLayout.headerChecksum, endianness: .little)
  }

  package consuming func stamped(
    index: LogIndex, term: Term, baseOffset: Offset, appendTime: Timestamp
  ) -> RecordBatch {
    stamp(index: index, term: term, baseOffset: baseOffset, appendTime: appendTime)
    return self
  }

  static func headerChecksum(of buffer: ByteBuffer) -> UInt32 {
    buffer.withUnsafeReadableBytes { bytes in
      CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[BatchLayout.index..<BatchLayout.headerBytes]))
    }
  }

  static func bodyChecksum(of buffer: ByteBuffer, length: Int) -> UInt32 {
    buffer.withUnsafeReadableBytes { bytes in
      CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[BatchLayout.headerBytes...].prefix(length)))
    }
  }
}

// What the leader stamped.
extension RecordBatch {
  package var index: LogIndex { LogIndex(field(at: BatchLayout.index)) }
  package var term: Term { Term(field(at: BatchLayout.term)) }
  package var baseOffset: Offset { Offset(field(at: BatchLayout.baseOffset)) }
  package var appendTime: Timestamp { Timestamp(microseconds: field(at: BatchLayout.appendTime)) }
  package var bodyChecksum: UInt32 { field(at: BatchLayout.bodyChecksum) }

  /// The offset after the last record: the base offset of the next batch.
  package var nextOffset: Offset { baseOffset.advanced(by: count) }
}

// What the producer made.
extension RecordBatch {
  package var attributes: BatchAttributes {
    guard let attributes = BatchAttributes(rawValue: field(at: BatchLayout.attributes)) else {
      preconditionFailure(
        "a well-formed batch has reserved attributes set: \(field(at: BatchLayout.attributes, as: UInt16.self))")
    }
    return attributes
  }

  package var codec: BatchCodec { attributes.codec }
  package var kind: BatchKind { attributes.kind }

  /// Number of records; 0 unless the kind is `.records`.
  package var count: UInt32 { field(at: BatchLayout.count) }

  package var producer: Producer {
    Producer(
      id: field(at: BatchLayout.producerID), epoch: field(at: BatchLayout.producerEpoch),
      sequence: field(at: BatchLayout.sequence))
  }

  package var firstTimestamp: Timestamp { Timestamp(microseconds: field(at: BatchLayout.firstTimestamp)) }
  package var maximumTimestamp: Timestamp { Timestamp(microseconds: field(at: BatchLayout.maximumTimestamp)) }

  /// The bytes after the body's prefix: records, or what another kind carries.
  package var payload: ByteBuffer {
    var payload = buffer
    payload.moveReaderIndex(forwardBy: BatchLayout.payload)
    return payload
  }
}
