import NIOCore
import NIOHPACK
import Testing

@testable import RPCServer

@Suite("Values on the wire")
struct WireTests {
  @Test(
    "grpc-timeout takes up to eight digits and a unit",
    arguments: [
      ("1n", 1), ("25u", 25_000), ("99999999m", 99_999_999_000_000), ("3S", 3_000_000_000), ("2M", 120_000_000_000),
      ("1H", 3_600_000_000_000), ("0S", 0), ("99999999H", TimeoutHeader.longest.nanoseconds),
    ] as [(String, Int64)])
  func timeout(value: String, nanoseconds: Int64) {
    #expect(TimeoutHeader.parse(value) == .nanoseconds(nanoseconds))
  }

  @Test(
    "a malformed grpc-timeout is refused",
    arguments: ["", "S", "1", "1s", "123456789S", "-1S", "1.5S", " 1S", "1S ", "+1S", "١S"])
  func malformedTimeout(value: String) {
    #expect(TimeoutHeader.parse(value) == nil)
  }

  @Test(
    "grpc-message is percent-encoded UTF-8",
    arguments: [
      ("plain text ~", "plain text ~"), ("100%", "100%25"), ("a\nb", "a%0Ab"), ("é", "%C3%A9"), ("日", "%E6%97%A5"),
      ("\u{7F}", "%7F"), ("", ""),
    ])
  func percentEncoding(text: String, encoded: String) {
    #expect(PercentEncoding.encode(text) == encoded)
  }

  @Test(
    "binary metadata is Base64 without padding",
    arguments: [
      ([], ""), ([0], "AA"), ([0xFF, 0xFE], "//4"), ([1, 2, 3], "AQID"), (Array("hello".utf8), "aGVsbG8"),
    ] as [([UInt8], String)])
  func base64(bytes: [UInt8], text: String) {
    #expect(Base64.encode(bytes) == text)
    #expect(Base64.decode(text) == bytes)
    let padded = text + String(repeating: "=", count: (4 - text.count % 4) % 4)
    #expect(Base64.decode(padded) == bytes)
  }

  @Test("what is no Base64 is refused", arguments: ["A", "AAAAA", "A-==", "A=A=", "====", "AA =", "é"])
  func badBase64(text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test("every byte value survives Base64")
  func base64RoundTrip() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    #expect(Base64.decode(Base64.encode(bytes)) == bytes)
  }

  @Test(
    "metadata that cannot be sent is refused",
    arguments: [
      ("", "x"), ("UPPER", "x"), ("grpc-status", "0"), (":path", "/"), ("content-type", "x"), ("sp ace", "x"),
      ("text", "line\nbreak"), ("text", "é"), ("text-bin", "x"),
    ])
  func invalidMetadata(key: String, value: String) {
    var metadata = RPCMetadata()
    #expect(throws: RPCMetadata.Invalid.self) { try metadata.add(value, for: key) }
    #expect(throws: RPCMetadata.Invalid.self) { try metadata.addBinary([1], for: "text") }
  }

  @Test("binary values may be joined by commas, padded or not, and reserved headers stay hidden")
  func receivedMetadata() {
    let metadata = RPCMetadata(received: [":path": "/a/b", "k-bin": "AQI=, AwQ", "k": "v", "grpc-timeout": "1S"])
    #expect(metadata.binaryValues("k-bin") == [[1, 2], [3, 4]])
    #expect(RPCMetadata(received: ["k-bin": ""]).binaryValues("k-bin") == [[]])
    #expect(RPCMetadata(received: ["k-bin": "AQI,"]).binaryValues("k-bin") == [[1, 2], []])
    #expect(metadata.values("k") == ["v"])
    #expect(metadata.first(":path") == nil)
    #expect(metadata.values("grpc-timeout").isEmpty)
  }

  @Test("a name that is not ASCII is not taken for another of its length")
  func foreignNames() {
    let metadata = RPCMetadata(received: HPACKHeaders([("\u{E9}\u{E9}\u{E9}", "v"), ("\u{E9}-bin", "AQI")]))
    #expect(metadata.values("x-user").isEmpty && metadata.first("x-user") == nil)
    #expect(metadata.binaryValues("kk-bin").isEmpty)
  }
}
