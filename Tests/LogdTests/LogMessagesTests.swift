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
    request.record = record(value)
    #expect(try decoded(request) == .record(ByteBuffer(bytes: value)))

    request = Log_V1_ProduceRequest()
    request.records = [record(value), record([]), record(value)]
    let expected = [value, [], value].map { ByteBuffer(bytes: $0) }
    #expect(try decoded(request) == .records(expected))
  }

  @Test("a ProduceRequest with a batch is read, and an empty one is none", arguments: values)
  func produceBatch(value: [UInt8]) throws {
    var request = Log_V1_ProduceRequest()
    request.batch = .init(value)
    guard !value.isEmpty else {
      #expect(throws: MalformedMessage.self) { try decoded(request) }
      return
    }
    #expect(try decoded(request) == .batch(ByteBuffer(bytes: value)))
  }

  /// With the fields that a server ignores.
  private func record(_ value: [UInt8]) -> Log_V1_Record {
    var record = Log_V1_Record()
    record.value = .init(value)
    record.offset = 9
    record.term = 3
    record.type = 1
    return record
  }

  private func decoded(_ request: Log_V1_ProduceRequest) throws -> ProduceContents {
    try LogMessages.decodeProduceRequest(ByteBuffer(bytes: request.serializedBytes() as [UInt8]))
  }

  @Test(
    "a ConsumeResponse is what generated code would write",
    arguments: values, [(UInt64(0), UInt64(1)), (127, 128), (1 << 40, 0), (.max, .max)])
  func consumeResponse(value: [UInt8], place: (offset: UInt64, term: UInt64)) throws {
    var expectedRecord = Log_V1_Record()
    expectedRecord.value = .init(value)
    expectedRecord.offset = place.offset
    expectedRecord.term = place.term
    var expected = Log_V1_ConsumeResponse()
    expected.record = expectedRecord
    #expect(try written(.record, 1, value, place) == expected.serializedBytes())
    expected = Log_V1_ConsumeResponse()
    expected.records = [expectedRecord, expectedRecord]
    #expect(try written(.records, 2, value, place) == expected.serializedBytes())
  }

  private func written(
    _ field: LogMessages.RecordField, _ count: Int, _ value: [UInt8], _ place: (offset: UInt64, term: UInt64)
  ) -> [UInt8] {
    let (value, offset, term) = (ByteBuffer(bytes: value), Offset(place.offset), Term(place.term))
    var encoded = ByteBuffer()
    for _ in 0..<count { LogMessages.writeRecord(field, value: value, offset: offset, term: term, to: &encoded) }
    let length = LogMessages.recordFieldLength(valueBytes: value.readableBytes, offset: offset, term: term)
    #expect(encoded.readableBytes == count * length)
    return Array(encoded.readableBytesView)
  }

  @Test("batches and offsets of a ConsumeResponse are what generated code would write", arguments: [UInt64(1), 2, 3])
  func consumeResponseWithBatches(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      var expected = Log_V1_ConsumeResponse()
      var encoded = ByteBuffer()
      for _ in 0..<Int.random(in: 0...3, using: &generator) {
        var builder = RecordBatch.Builder()
        builder.append([UInt8](repeating: 7, count: Int.random(in: 0...300, using: &generator)), timestamp: .now)
        let batch = builder.finish()
        expected.batches.append(.init(batch.buffer.readableBytesView))
        LogMessages.writeBatch(batch, to: &encoded)
      }
      // Of every length.
      expected.nextOffset =
        UInt64.random(in: 0 ... .max, using: &generator) >> Int.random(in: 0...63, using: &generator)
      expected.endOffset = UInt64.random(in: 0 ... .max, using: &generator) >> Int.random(in: 0...63, using: &generator)
      LogMessages.writeOffsets(next: Offset(expected.nextOffset), end: Offset(expected.endOffset), to: &encoded)
      #expect(try Array(encoded.readableBytesView) == expected.serializedBytes())
    }
  }

  @Test("a ConsumeRequest that generated code wrote is read, whatever is set", arguments: [UInt64(1), 2, 3])
  func consumeRequests(seed: UInt64) throws {
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<1_000 {
      var message = Log_V1_ConsumeRequest()
      if Bool.random(using: &generator) { message.offset = .random(in: 0 ... .max, using: &generator) }
      if Bool.random(using: &generator) { message.maxRecords = .random(in: 0 ... .max, using: &generator) }
      if Bool.random(using: &generator) { message.maxBytes = .random(in: 0 ... .max, using: &generator) }
      if Bool.random(using: &generator) { message.waitMilliseconds = .random(in: 0 ... .max, using: &generator) }
      message.batches = .random(using: &generator)
      var expected = ConsumeRequest(offset: Offset(message.offset))
      expected.maximumRecords = message.maxRecords
      expected.maximumBytes = message.maxBytes
      expected.waitMilliseconds = message.waitMilliseconds
      expected.wantsBatches = message.batches
      let bytes: [UInt8] = try message.serializedBytes()
      #expect(try LogMessages.decodeConsumeRequest(ByteBuffer(bytes: bytes)) == expected)
    }
  }

  @Test("offsets of every length survive", arguments: [0, 1, 127, 128, 1 << 32, UInt64.max])
  func offsets(offset: UInt64) throws {
    var response = Log_V1_ProduceResponse()
    response.offset = offset
    var encoded = ByteBuffer()
    LogMessages.writeProduceResponse(offset: Offset(offset), to: &encoded)
    #expect(try Array(encoded.readableBytesView) == (response.serializedBytes() as [UInt8]))
    response.count = UInt32(truncatingIfNeeded: offset)
    response.term = offset
    encoded.clear()
    LogMessages.writeProduceResponse(
      offset: Offset(offset), count: response.count, term: Term(offset), to: &encoded)
    #expect(try Array(encoded.readableBytesView) == (response.serializedBytes() as [UInt8]))
  }

  @Test(
    "malformed requests are refused with what was wrong",
    arguments: [
      ([], "record is missing: set record, records or batch"),
      ([0x0A, 0x00, 0x12, 0x00], "more than one of record, records and batch is set: set one"),
      ([0x12, 0x00, 0x1A, 0x01, 0x00], "more than one of record, records and batch is set: set one"),
      ([0x10, 0x01], "records is no message"),
      ([0x18, 0x01], "batch is no bytes"),
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
