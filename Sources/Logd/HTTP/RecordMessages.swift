import CommitLog
import FoundationEssentials
import NIOCore

/// The bodies of the HTTP API, with errors that tell a caller what was wrong with theirs.
enum RecordMessages {
  struct ProduceResponse: Codable, Equatable {
    var offset: UInt64
    /// Of the records, when several were sent.
    var count: UInt32?
  }

  struct Record: Codable, Equatable {
    var value: String
    var offset: UInt64
  }

  /// Either of the two; neither when a wait ended with nothing to read.
  struct ConsumeResponse: Codable, Equatable {
    var record: Record?
    var records: [Record]?
    var nextOffset: UInt64?
    var endOffset: UInt64?

    private enum CodingKeys: String, CodingKey {
      case record
      case records
      case nextOffset = "next_offset"
      case endOffset = "end_offset"
    }
  }

  struct OffsetsResponse: Codable, Equatable {
    var offset: UInt64
    var startOffset: UInt64
    var endOffset: UInt64

    private enum CodingKeys: String, CodingKey {
      case offset
      case startOffset = "start_offset"
      case endOffset = "end_offset"
    }
  }

  struct ErrorResponse: Codable, Equatable {
    /// Where to go instead.
    struct Leader: Codable, Equatable {
      var id: String
      var rpcAddress: String?

      enum CodingKeys: String, CodingKey {
        case id
        case rpcAddress = "rpc_addr"
      }
    }

    var error: String
    var leader: Leader?
  }

  /// A body that is not what the method takes; the text says what was wrong.
  struct BadBody: Error, Equatable, CustomStringConvertible {
    var description: String
  }

  /// The contents of `{"record": {"value": base64}}` or `{"records": [{"value": base64}, …]}`.
  static func produceContents(_ body: ByteBuffer) throws(BadBody) -> ProduceContents {
    struct Value: Decodable {
      var value: String
    }
    struct Batch: Decodable {
      var records: [Value]
    }
    struct Single: Decodable {
      var record: Value
    }
    struct Keys: Decodable {
      struct Anything: Decodable {
        init(from decoder: any Decoder) {}
      }
      var record: Anything?
      var records: Anything?
    }
    let keys = try decode(Keys.self, body, expected: #"{"record": {"value": "base64"}}"#)
    guard keys.records != nil else {
      let single = try decode(Single.self, body, expected: #"{"record": {"value": "base64"}}"#)
      return .record(ByteBuffer(bytes: try decodeBase64(single.record.value, of: "record.value")))
    }
    guard keys.record == nil else { throw BadBody(description: "record and records are both there; send one of them") }
    let batch = try decode(Batch.self, body, expected: #"{"records": [{"value": "base64"}]}"#)
    var values: [ByteBuffer] = []
    for (number, record) in batch.records.enumerated() {
      values.append(ByteBuffer(bytes: try decodeBase64(record.value, of: "records.\(number).value")))
    }
    return .records(values)
  }

  /// The request of `{"offset": n, "max_records": n, "max_bytes": n, "wait_milliseconds": n}`; the offset is needed.
  static func consumeRequest(_ body: ByteBuffer) throws(BadBody) -> ConsumeRequest {
    struct Request: Decodable {
      var offset: UInt64
      // Wider than they may be, so that what is wrong can be told: the decoder takes a number that does not fit for no JSON.
      var maxRecords: Int?
      var maxBytes: Int?
      var waitMilliseconds: Int?

      func limit(_ key: CodingKeys, _ value: Int?) throws(BadBody) -> UInt32 {
        guard let limit = UInt32(exactly: value ?? 0) else {
          throw BadBody(description: "\(key.rawValue) is no whole number from 0 to \(UInt32.max): \(value ?? 0)")
        }
        return limit
      }

      enum CodingKeys: String, CodingKey {
        case offset
        case maxRecords = "max_records"
        case maxBytes = "max_bytes"
        case waitMilliseconds = "wait_milliseconds"
      }
    }
    let decoded = try decode(Request.self, body, expected: #"{"offset": 0}"#)
    var request = ConsumeRequest(offset: Offset(decoded.offset))
    request.maximumRecords = try decoded.limit(.maxRecords, decoded.maxRecords)
    request.maximumBytes = try decoded.limit(.maxBytes, decoded.maxBytes)
    request.waitMilliseconds = try decoded.limit(.waitMilliseconds, decoded.waitMilliseconds)
    return request
  }

  /// The moment that `time=` names: microseconds since 1970, or RFC 3339, such as 2026-11-21T15:04:05Z.
  static func time(_ text: String) throws(BadBody) -> Timestamp {
    if let microseconds = Int64(text) { return Timestamp(microseconds: microseconds) }
    for withFraction in [false, true] {
      if let date = try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: withFraction)) {
        return Timestamp(microseconds: Int64((date.timeIntervalSince1970 * 1_000_000).rounded()))
      }
    }
    throw BadBody(
      description: "time is no time: \(text); write RFC 3339 (2026-11-21T15:04:05Z), microseconds since 1970, "
        + "earliest or latest")
  }

  /// Standard base64 (RFC 4648 §4) with padding; line ends are passed over, as Go's decoder does.
  static func decodeBase64(_ text: String, of field: String) throws(BadBody) -> [UInt8] {
    let bytes = text.utf8.filter { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
    if let wrong = bytes.firstIndex(where: { !isBase64($0) }) {
      throw BadBody(description: "\(field) is not base64: character \(wrong + 1) is none of A–Z a–z 0–9 + / =")
    }
    guard let data = Data(base64Encoded: Data(bytes)) else {
      throw BadBody(
        description: "\(field) is not base64: \(bytes.count) characters, "
          + "where groups of four are needed, the last padded with =")
    }
    return [UInt8](data)
  }

  private static func isBase64(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"), UInt8(ascii: "="):
      true
    default: false
    }
  }

  private static func decode<Body: Decodable>(
    _ type: Body.Type, _ body: ByteBuffer, expected: String
  ) throws(BadBody) -> Body {
    guard body.readableBytes > 0 else { throw BadBody(description: "the body is empty; send \(expected)") }
    do {
      return try JSONDecoder().decode(type, from: Data(body.readableBytesView))
    } catch let error as DecodingError {
      throw BadBody(description: "\(describe(error)); send \(expected)")
    } catch {
      throw BadBody(description: "the body is not JSON: \(error); send \(expected)")
    }
  }

  private static func describe(_ error: DecodingError) -> String {
    func name(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the body" : path.map(\.stringValue).joined(separator: ".")
    }
    switch error {
    case .keyNotFound(let key, let context): return "\(name(context.codingPath + [key])) is missing"
    case .typeMismatch(let type, let context): return "\(name(context.codingPath)) is no \(noun(for: type))"
    case .valueNotFound(let type, let context):
      return "\(name(context.codingPath)) is null where a \(noun(for: type)) is needed"
    case .dataCorrupted(let context) where context.codingPath.isEmpty: return "the body is not JSON"
    case .dataCorrupted(let context): return "\(name(context.codingPath)): \(context.debugDescription)"
    @unknown default: return "the body could not be read"
    }
  }

  private static func noun(for type: any Any.Type) -> String {
    switch type {
    case is String.Type: "string"
    case is UInt64.Type: "whole number from 0 on"
    case is Int.Type: "whole number"
    case is [Any].Type: "list"
    default: "object"
    }
  }
}
