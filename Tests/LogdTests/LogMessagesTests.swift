import CommitLog
import NIOCore
import ProgLogAPI
import SwiftProtobuf
import TestSupport
import Testing

@testable import Logd

/// The hand-written coding of the hot messages against generated code.
@Suite struct LogMessagesTests {
  static let values: [[UInt8]] = [
    [], [0], Array("hello".utf8), Array(repeating: 0xFF, count: 127), Array(repeating: 7, count: 70_000),
  ]

  @Test("a ProduceRequest that generated code wrote is read", arguments: values)
  func produceRequest(value: [UInt8]) throws {
    var request = Log_V1_ProduceRequest()
    request.record.value = .init(value)
    request.record.offset = 9
    request.record.term = 3
    request.record.type = 1
    let decoded = try LogMessages.decodeProduceRequest(ByteBuffer(bytes: request.serializedBytes() as [UInt8]))
    #expect(Array(decoded.readableBytesView) == value)
  }

  @Test(
    "a ConsumeResponse is what generated code would write",
    arguments: values, [(UInt64(0), UInt64(1)), (127, 128), (1 << 40, 0), (.max, .max)])
  func consumeResponse(value: [UInt8], place: (offset: UInt64, term: UInt64)) throws {
    var expected = Log_V1_ConsumeResponse()
    expected.record.value = .init(value)
    expected.record.offset = place.offset
    expected.record.term = place.term
    var encoded = ByteBuffer()
    LogMessages.writeConsumeResponse(
      value: ByteBuffer(bytes: value), offset: Offset(place.offset), term: Term(place.term), to: &encoded)
    #expect(try Array(encoded.readableBytesView) == (expected.serializedBytes() as [UInt8]))
  }

  @Test("offsets of every length survive", arguments: [0, 1, 127, 128, 1 << 32, UInt64.max])
  func offsets(offset: UInt64) throws {
    var request = Log_V1_ConsumeRequest()
    request.offset = offset
    let bytes: [UInt8] = try request.serializedBytes()
    #expect(try LogMessages.decodeConsumeRequest(ByteBuffer(bytes: bytes)) == Offset(offset))
    var response = Log_V1_ProduceResponse()
    response.offset = offset
    var encoded = ByteBuffer()
    LogMessages.writeProduceResponse(offset: Offset(offset), to: &encoded)
    #expect(try Array(encoded.readableBytesView) == (response.serializedBytes() as [UInt8]))
  }

  @Test(
    "malformed requests are refused with what was wrong",
    arguments: [
      ([], "record is missing"),
      ([0x0A], "a number is cut off"),
      ([0x0A, 0x05, 0x01], "field 1 is cut off: 5 bytes announced, 1 there"),
      ([0x08, 0x01], "record is no message"),
      ([0x0B], "field 1 has the unknown wire type 3"),
      ([0x02], "field number 0 is out of range"),
      ([0x0D, 0x00], "field 1 is cut off"),
      ([UInt8](repeating: 0xFF, count: 11), "a number is longer than 10 bytes"),
    ] as [([UInt8], String)])
  func malformed(bytes: [UInt8], problem: String) {
    #expect(throws: MalformedMessage(problem)) {
      try LogMessages.decodeProduceRequest(ByteBuffer(bytes: bytes))
    }
  }

  @Test("whatever the bytes, decoding ends with a value or an error", arguments: [UInt64(1), 2, 3])
  func fuzz(seed: UInt64) {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<20_000 {
      let bytes = (0..<Int.random(in: 0...24, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      _ = try? LogMessages.decodeProduceRequest(ByteBuffer(bytes: bytes))
      _ = try? LogMessages.decodeConsumeRequest(ByteBuffer(bytes: bytes))
    }
  }
}
