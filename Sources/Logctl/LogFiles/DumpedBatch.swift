import CommitLog
import FoundationEssentials
import NIOCore

/// A batch as `logctl log dump` shows it.
struct DumpedBatch: Encodable {
  let file: String
  let position: UInt64
  let index: UInt64
  let term: UInt64
  let baseOffset: UInt64
  let count: UInt32
  let bytes: Int
  let kind: String
  let codec: String
  let appendTime: String
  let producer: ProducerFields?
  let records: [RecordFields]?
  /// Why the records cannot be shown.
  let problem: String?

  struct ProducerFields: Encodable {
    let id: UInt64
    let epoch: UInt16
    let sequence: UInt64
  }

  struct RecordFields: Encodable {
    let offset: UInt64
    let value: String?
    let valueBase64: String?

    private enum CodingKeys: String, CodingKey {
      case offset
      case value
      case valueBase64 = "value_base64"
    }
  }

  private enum CodingKeys: String, CodingKey {
    case file, position, index, term, count, bytes, kind, codec, producer, records, problem
    case baseOffset = "base_offset"
    case appendTime = "append_time"
  }

  init(_ batch: RecordBatch, file: String, position: FilePosition, withRecords: Bool) {
    self.file = file
    self.position = position.rawValue
    index = batch.index.rawValue
    term = batch.term.rawValue
    baseOffset = batch.baseOffset.rawValue
    count = batch.count
    bytes = batch.byteCount
    kind = Self.name(of: batch.kind)
    codec = Self.name(of: batch.codec)
    let seconds = Double(batch.appendTime.microseconds) / 1_000_000
    appendTime = Date(timeIntervalSince1970: seconds).formatted(
      Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    producer =
      batch.producer.id == 0
      ? nil : ProducerFields(id: batch.producer.id, epoch: batch.producer.epoch, sequence: batch.producer.sequence)
    do throws(BatchError) {
      records = withRecords ? try batch.records.map { Self.fields(of: $0) } : nil
      problem = nil
    } catch {
      records = nil
      problem = error.description
    }
  }

  private static func fields(of record: CommitLog.Record) -> RecordFields {
    let text = String(validating: record.value.readableBytesView, as: UTF8.self)
    return RecordFields(
      offset: record.offset.rawValue, value: text,
      valueBase64: text == nil ? Data(record.value.readableBytesView).base64EncodedString() : nil)
  }

  private static func name(of kind: BatchKind) -> String {
    switch kind {
    case .records: "records"
    case .noOperation: "no-op"
    case .configuration: "configuration"
    default: "kind \(kind.rawValue)"
    }
  }

  private static func name(of codec: BatchCodec) -> String {
    switch codec {
    case .none: "none"
    case .gzip: "gzip"
    case .zstd: "zstd"
    default: "codec \(codec.rawValue)"
    }
  }

  var lines: [String] {
    var head = "\(file)@\(position): index \(index) term \(term) offset \(baseOffset) \(kind)"
    if count > 0 { head += " \(count)" }
    head += " \(bytes) bytes \(appendTime)"
    if codec != "none" { head += " \(codec)" }
    if let producer { head += " producer \(producer.id)/\(producer.epoch) sequence \(producer.sequence)" }
    if let problem { head += " (\(problem))" }
    return [head] + (records ?? []).map { "  \($0.offset)\t\($0.value ?? $0.valueBase64 ?? "")" }
  }
}
