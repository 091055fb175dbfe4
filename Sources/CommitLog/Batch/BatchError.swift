package import Compression

/// Why bytes are not a batch of format version 1.
package enum BatchError: Error, Equatable, Sendable {
  /// Fewer bytes than the batch needs; `needed` counts from its start.
  case incomplete(needed: Int, available: Int)
  /// The first four bytes are not those of a batch, or of a version that this program does not know.
  case notABatch(magic: UInt32)
  case headerChecksum(expected: UInt32, found: UInt32)
  case bodyChecksum(expected: UInt32, found: UInt32)
  case bodyLength(UInt32)
  case attributes(UInt16)
  /// Only batches of records have a count.
  case countWithoutRecords(kind: BatchKind, count: UInt32)
  /// The records inside do not add up to the count and length of the batch.
  case malformedRecord(number: UInt32)
  case trailingBytes(Int)
  /// Base offset or index so high that the next one does not exist.
  case counterOverflow
  /// The records are compressed by a codec that this program cannot read.
  case unsupportedCodec(BatchCodec)
  case compression(codec: BatchCodec, GzipError)
}

extension BatchError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .incomplete(let needed, let available): "incomplete batch: \(available) of \(needed) bytes"
    case .notABatch(let magic): "not a batch of format version 1 (it starts with 0x\(String(magic, radix: 16)))"
    case .headerChecksum(let expected, let found):
      "batch header fails its checksum (stored \(hex(expected)), computed \(hex(found)))"
    case .bodyChecksum(let expected, let found):
      "batch body fails its checksum (stored \(hex(expected)), computed \(hex(found)))"
    case .bodyLength(let length): "batch body length \(length) is impossible"
    case .attributes(let attributes): "reserved batch attributes are set (0x\(String(attributes, radix: 16)))"
    case .countWithoutRecords(let kind, let count): "batch of kind \(kind.rawValue) claims \(count) records"
    case .malformedRecord(let number): "record \(number) of the batch is malformed"
    case .trailingBytes(let count): "\(count) bytes follow the last record of the batch"
    case .counterOverflow: "batch index or offset is too high"
    case .unsupportedCodec(let codec):
      "records are compressed by codec \(codec.rawValue), which this version cannot read"
    case .compression(let codec, let error): "the records, compressed by codec \(codec.rawValue), are \(error)"
    }
  }

  private func hex(_ value: UInt32) -> String {
    "0x" + String(value, radix: 16)
  }
}
