import FuzzSupport
import NIOCore
import NIOHPACK

@testable import RPCServer

extension FuzzTarget {
  /// `grpc-message`: any text, read back by the rules of the specification.
  static let percentEncoding = FuzzTarget(
    "percent-encoding", maximumBytes: 256,
    seeds: { ["plain", "100% sp\u{E4}t\n", "", "%41"].map { Array($0.utf8) } },
    run: { input in
      let text = String(decoding: input, as: UTF8.self)
      let encoded = PercentEncoding.encode(text)
      try require(encoded.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "\(encoded) cannot be a header's value")
      var decoded: [UInt8] = []
      var rest = Array(encoded.utf8)[...]
      while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
          decoded.append(byte)
          continue
        }
        guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
          throw Violation("\(encoded) has a % without two digits")
        }
        decoded.append(value)
        rest = rest.dropFirst(2)
      }
      try require(decoded == Array(text.utf8), "\(text) reads back as \(String(decoding: decoded, as: UTF8.self))")
      return true
    })

  static let base64 = FuzzTarget(
    "base64", maximumBytes: 256, seeds: { ["AAEC", "AAE=", "AAE", "AA==", "AA", "+/+/", ""].map { Array($0.utf8) } },
    run: { input in
      let encoded = Base64.encode(input)
      try require(Base64.decode(encoded) == input, "bytes do not round-trip")
      let padded = encoded + String(repeating: "=", count: (4 - encoded.utf8.count % 4) % 4)
      try require(Base64.decode(padded) == input, "bytes do not round-trip with padding")
      guard let decoded = Base64.decode(String(decoding: input, as: UTF8.self)) else { return false }
      let characters = input.count { $0 != UInt8(ascii: "=") }
      try require(decoded.count == characters * 3 / 4, "\(characters) characters decode to \(decoded.count) bytes")
      try require(Base64.decode(Base64.encode(decoded)) == decoded, "what was decoded does not round-trip")
      return true
    })

  static let timeoutHeader = FuzzTarget(
    "grpc-timeout", maximumBytes: 32,
    seeds: { ["1n", "20u", "300m", "4000S", "50000M", "99999999H", "0S"].map { Array($0.utf8) } },
    run: { input in
      let text = String(decoding: input, as: UTF8.self)
      guard let parsed = TimeoutHeader.parse(text) else { return false }
      let units: [Character: Double] = ["n": 1, "u": 1e3, "m": 1e6, "S": 1e9, "M": 60e9, "H": 3600e9]
      guard let unit = text.last.flatMap({ units[$0] }), let number = Double(text.dropLast()) else {
        throw Violation("\(text) was taken for \(parsed)")
      }
      let expected = min(number * unit, Double(TimeoutHeader.longest.nanoseconds))
      try require(
        abs(Double(parsed.nanoseconds) - expected) <= expected * 1e-9,
        "\(text) is \(expected) ns, not \(parsed.nanoseconds)")
      return true
    })

  /// A block of headers, one a line: `name=value`.
  static let requestHead = FuzzTarget(
    "request-head", maximumBytes: 1024,
    seeds: {
      let base = ":method=POST\n:path=/test.Echo/Unary\n:scheme=http\ncontent-type=application/grpc"
      return [
        "", "+proto\nte=trailers", ";a=b\ngrpc-timeout=10S\ngrpc-encoding=gzip\ngrpc-accept-encoding=identity, gzip",
        "\nx-text=value\nx-data-bin=AAEC,AAE=, /w\ngrpc-encoding=identity",
      ].map { Array((base + $0).utf8) }
    },
    dictionary: [
      ":method", ":path", "POST", "content-type", "application/grpc", "grpc-timeout", "grpc-encoding", "gzip",
      "identity", "grpc-accept-encoding", "x-text", "x-data-bin", "grpc-status", ":scheme", ":authority", "te",
      "trailers", "CONNECT", "connection", "keep-alive", "upgrade", "\r",
    ],
    run: { input in
      var fields: [(String, String)] = []
      for line in String(decoding: input, as: UTF8.self).split(separator: "\n") {
        let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        fields.append((String(parts[0]), parts.count > 1 ? String(parts[1]) : ""))
      }
      // As HPACK's decoder does: unlike `add`, it takes names that are not ASCII.
      let headers = HPACKHeaders(fields)
      try checkMetadata(headers)
      try checkWellFormed(fields, (try? HeaderBlock.validateRequest(headers)) != nil)
      do {
        let head = try RequestHead(headers)
        try require(fields.last { $0.0 == ":path" }?.1 ?? "" == head.path, "the path is \(head.path)")
        if let timeout = head.timeout { try require(timeout >= .zero, "the timeout is \(timeout)") }
        return true
      } catch let rejection as RequestHead.Rejection {
        try checkAnswer(rejection)
        return false
      }
    })

  /// The rules once more, as RFC 9113 has them and in no hurry.
  private static func checkWellFormed(_ fields: [(name: String, value: String)], _ isTaken: Bool) throws {
    let pseudoHeaders = fields.prefix { $0.name.hasPrefix(":") }
    let others = fields.dropFirst(pseudoHeaders.count)
    let names = pseudoHeaders.map(\.name)
    let isConnect = pseudoHeaders.contains { $0.name == ":method" && $0.value == "CONNECT" }
    let isComplete =
      isConnect
      ? Set(names) == [":method", ":authority"]
      : Set(names).subtracting([":authority"]) == [":method", ":scheme", ":path"]
    let tokens = Set("abcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~".utf8)
    let forbidden: Set = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"]
    let isWellFormed =
      isComplete && Set(names).count == names.count
      && pseudoHeaders.allSatisfy { field in
        field.value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F } && (field.name != ":path" || field.value != "")
      }
      && others.allSatisfy { field in
        field.name != "" && tokens.isSuperset(of: field.name.utf8) && !forbidden.contains(field.name)
          && (field.name != "te" || field.value == "trailers") && Set([0, 10, 13]).isDisjoint(with: field.value.utf8)
      }
    try require(isTaken == isWellFormed, "the block is \(isTaken ? "taken" : "refused")")
  }

  private static func checkMetadata(_ headers: HPACKHeaders) throws {
    let received = RPCMetadata(received: headers)
    var echoed = RPCMetadata()
    let values = received.binaryValues("x-data-bin")
    for value in values { try echoed.addBinary(value, for: "x-data-bin") }
    try require(echoed.binaryValues("x-data-bin") == values, "binary metadata does not round-trip")
    for name in ["grpc-status", ":path", "te"] { try require(received.values(name).isEmpty, "\(name) is shown") }
    for value in received.values("x-text") where value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
      try echoed.add(value, for: "x-text")
      try require(echoed.values("x-text").last == value, "text metadata does not round-trip")
    }
  }

  /// What a rejected request is told must be sendable, whatever the request said.
  private static func checkAnswer(_ rejection: RequestHead.Rejection) throws {
    guard case .status(let status) = rejection else { return }
    for (name, value, _) in ResponseHeaders.trailersOnly(status, metadata: nil) {
      try require(value.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "header \(name) would be \(value)")
    }
  }
}
