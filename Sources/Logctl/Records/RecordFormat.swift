import ArgumentParser
import FoundationEssentials
import ProgLogClient

/// How a record is printed.
enum RecordFormat: String, CaseIterable, ExpressibleByArgument {
  case text
  case json
  case raw
  case base64
  case offsetValue = "offset-value"

  func bytes(of record: Record) throws -> [UInt8] {
    let lineEnd = [UInt8(ascii: "\n")]
    switch self {
    case .text: return record.value + lineEnd
    case .raw: return record.value
    case .base64: return Array(Data(record.value).base64EncodedString().utf8) + lineEnd
    case .offsetValue: return Array("\(record.offset)\t".utf8) + record.value + lineEnd
    case .json: return try JSONText.line(JSONRecord(record))
    }
  }
}

/// A record's JSON. Exactly one of the values is there.
private struct JSONRecord: Encodable {
  let offset: UInt64
  let term: UInt64
  let value: String?
  let valueBase64: String?

  private enum CodingKeys: String, CodingKey {
    case offset
    case term
    case value
    case valueBase64 = "value_base64"
  }

  init(_ record: Record) {
    self.offset = record.offset
    self.term = record.term
    self.value = String(validating: record.value, as: UTF8.self)
    self.valueBase64 = self.value == nil ? Data(record.value).base64EncodedString() : nil
  }
}

/// JSON for one line.
enum JSONText {
  static func line(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }
}
