package import CommitLog
package import NIOCore

/// A batch from a producer that was found to be as it must be; not stamped yet. It is stored byte for byte but for the stamp.
package struct ProducerBatch: Sendable {
  /// What a batch may have at most, in bytes.
  package struct Limits: Sendable, Equatable {
    package var maximumRecordBytes: Int
    package var maximumBatchBytes: Int
    /// Of the records of a compressed batch, in all.
    package var maximumDecompressedBytes: Int

    /// Sixteen times the largest batch by default: text compresses to a fifth or a tenth. It is what one consumer in the
    /// middle of such a batch makes the server hold.
    static let decompressedBytes = 16 << 20

    package init(
      maximumRecordBytes: Int, maximumBatchBytes: Int, maximumDecompressedBytes: Int = Self.decompressedBytes
    ) {
      self.maximumRecordBytes = maximumRecordBytes
      self.maximumBatchBytes = maximumBatchBytes
      // The largest record must pass compressed too.
      self.maximumDecompressedBytes = max(maximumDecompressedBytes, maximumBatchBytes)
    }
  }

  package let batch: RecordBatch

  package var count: UInt32 { batch.count }

  /// Makes one batch of the values, at least one.
  package init(
    _ values: [ByteBuffer], producer: Producer = .none, limits: Limits, now: Timestamp
  ) throws(ProduceError) {
    // Before anything is copied: each record has two bytes at least beside its value. The exact size is checked below.
    let bytes = values.reduce(0) { $0 + $1.readableBytes + 2 }
    guard bytes <= limits.maximumBatchBytes else {
      throw .batchTooLarge(bytes: bytes, maximum: limits.maximumBatchBytes)
    }
    var builder = RecordBatch.Builder(producer: producer, capacity: bytes + values.count * 2)
    for value in values {
      guard value.readableBytes <= limits.maximumRecordBytes else {
        throw .recordTooLarge(bytes: value.readableBytes, maximum: limits.maximumRecordBytes)
      }
      builder.append(value, timestamp: now)
    }
    guard builder.count > 0 else { throw .invalidBatch("it has no records") }
    guard builder.byteCount <= limits.maximumBatchBytes else {
      throw .batchTooLarge(bytes: builder.byteCount, maximum: limits.maximumBatchBytes)
    }
    batch = builder.finish()
  }

  /// Takes the one batch that `bytes` must be, and checks all but its records: cheap enough for the event loop.
  static func decode(_ bytes: ByteBuffer, limits: Limits) throws(ProduceError) -> RecordBatch {
    guard bytes.readableBytes <= limits.maximumBatchBytes else {
      throw .batchTooLarge(bytes: bytes.readableBytes, maximum: limits.maximumBatchBytes)
    }
    var rest = bytes
    let batch: RecordBatch
    do throws(BatchError) {
      batch = try RecordBatch(decoding: &rest)
    } catch {
      throw .invalidBatch("\(error)")
    }
    guard rest.readableBytes == 0 else { throw .invalidBatch("\(rest.readableBytes) bytes follow it; send one batch") }
    guard batch.kind == .records else {
      throw .invalidBatch("its kind is \(batch.kind.rawValue); producers send kind 0, records")
    }
    guard batch.count > 0 else { throw .invalidBatch("it has no records") }
    return batch
  }

  /// Checks the records. Those of a compressed batch are decompressed for it, which takes an event loop too long.
  init(_ batch: RecordBatch, limits: Limits) throws(ProduceError) {
    let records: Records
    do throws(BatchError) {
      records = try batch.records
    } catch {
      throw .invalidBatch("\(error)")
    }
    guard records.byteCount <= limits.maximumDecompressedBytes else {
      throw .invalidBatch(
        "its records have \(records.byteCount) bytes when decompressed, the limit is \(limits.maximumDecompressedBytes)"
      )
    }
    for record in records where record.value.readableBytes > limits.maximumRecordBytes {
      throw .recordTooLarge(bytes: record.value.readableBytes, maximum: limits.maximumRecordBytes)
    }
    self.batch = batch
  }
}
