import FoundationEssentials
import NIOCore

/// The bodies of the HTTP API, with errors that tell a caller what was wrong with theirs.
enum RecordMessages {
  struct ProduceResponse: Codable, Equatable {
    var offset: UInt64
  }

  struct ConsumeResponse: Codable, Equatable {
    struct Record: Codable, Equatable {
      var value: String
      var offset: UInt64
    }
    var record: Record
  }

  struct ErrorResponse: Codable, Equatable {
    var error: String
  }

  /// A body that is not what the method takes; the text says what was wrong.
  struct BadBody: Error, Equatable, CustomStringConvertible {
    var description: String
  }

  /// The value of `{"record": {"value": base64}}`.
  static func produceValue(_ body: ByteBuffer) throws(BadBody) -> [UInt8] {
    struct Request: Decodable {
      struct Record: Decodable {
        var value: String
      }
      var record: Record
    }
    let request = try decode(Request.self, body, expected: #"{"record": {"value": "base64"}}"#)
    return try decodeBase64(request.record.value)
  }

  /// The offset of `{"offset": n}`.
  static func consumeOffset(_ body: ByteBuffer) throws(BadBody) -> UInt64 {
    struct Request: Decodable {
      var offset: UInt64
    }
    return try decode(Request.self, body, expected: #"{"offset": 0}"#).offset
  }

  /// Standard base64 (RFC 4648 §4) with padding; line ends are passed over, as Go's decoder does.
  static func decodeBase64(_ text: String) throws(BadBody) -> [UInt8] {
    let bytes = text.utf8.filter { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
    if let wrong = bytes.firstIndex(where: { !isBase64($0) }) {
      throw BadBody(description: "record.value is not base64: character \(wrong + 1) is none of A–Z a–z 0–9 + / =")
    }
    guard let data = Data(base64Encoded: Data(bytes)) else {
      throw BadBody(
        description: "record.value is not base64: \(bytes.count) characters, "
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
    default: "object"
    }
  }
}
