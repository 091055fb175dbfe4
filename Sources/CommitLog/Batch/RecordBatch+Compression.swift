import Compression
import NIOCore

extension BatchCodec {
  /// Those that this version reads and writes.
  package static let supported: [BatchCodec] = [.none, .gzip]
}

extension RecordBatch {
  /// What the records of a compressed batch may have in all, in bytes: what 64 producers at once may make a server hold is
  /// 4 GiB still, and a batch above a few megabytes gains nothing.
  package static let maximumDecompressedBytes = 64 << 20

  /// The same records, compressed; not stamped. A batch that is compressed already, or of another kind, stays as it is.
  package func compressed(with codec: BatchCodec) throws(BatchError) -> RecordBatch {
    guard codec != .none, kind == .records, self.codec == .none else { return self }
    guard codec == .gzip else { throw .unsupportedCodec(codec) }
    guard payload.readableBytes <= Self.maximumDecompressedBytes else {
      throw .compression(codec: codec, .tooLarge(limit: Self.maximumDecompressedBytes))
    }
    var bytes = ByteBufferAllocator().buffer(capacity: BatchLayout.payload + payload.readableBytes / 2)
    bytes.writeRepeatingByte(0, count: BatchLayout.payload)
    Gzip.compress(payload, into: &bytes)
    return RecordBatch(
      completing: bytes, attributes: BatchAttributes(codec: codec, kind: kind), producer: producer, count: count,
      firstTimestamp: firstTimestamp, maximumTimestamp: maximumTimestamp)
  }

  /// Checks what decoding leaves out: that a compressed payload is as many records as the batch says. For batches that come
  /// from outside; those of a log have been through this.
  package func validateRecords() throws(BatchError) {
    guard kind == .records, codec != .none else { return }
    _ = try recordPayload()
  }

  /// The bytes of the records, of which there are as many as the batch says.
  func recordPayload() throws(BatchError) -> ByteBuffer {
    switch codec {
    case .none: return payload
    case .gzip:
      let records: ByteBuffer
      do throws(GzipError) {
        records = try Gzip.decompress(payload, maximumBytes: Self.maximumDecompressedBytes)
      } catch {
        throw .compression(codec: codec, error)
      }
      try Records.validate(records, count: count)
      return records
    default: throw .unsupportedCodec(codec)
    }
  }
}
