import CommitLog
import FoundationEssentials
import FuzzSupport
import NIOCore
import ProgLogAPI
import SwiftProtobuf

@testable import Logd

// Our own coding of protobuf beside the generated one: where both read a message, they must read the same.
extension FuzzTarget {
  static let produceRequest = FuzzTarget(
    "produce-request", maximumBytes: 512,
    seeds: {
      var request = Log_V1_ProduceRequest()
      request.record.value = .init("hello".utf8)
      let hello: [UInt8] = try request.serializedBytes()
      request.record.value = .init()
      request.record.offset = 300
      let empty: [UInt8] = try request.serializedBytes()
      let several =
        try Log_V1_ProduceRequest.with { $0.records = [request.record, .init(), request.record] }
        .serializedBytes() as [UInt8]
      let batch = try Log_V1_ProduceRequest.with { $0.batch = .init([1, 2, 3]) }.serializedBytes() as [UInt8]
      let numbered =
        try Log_V1_ProduceRequest.with {
          $0.records = [request.record, request.record]
          $0.producer = .with {
            $0.id = .max
            $0.epoch = 3
            $0.sequence = 300
          }
        }.serializedBytes() as [UInt8]
      // A field given twice, and fields of other types and numbers.
      return [
        several, batch, numbered, hello, empty, hello + empty, empty + hello,
        [0x20, 0x96, 1, 0x29, 1, 2, 3, 4, 5, 6, 7, 8] + hello,
      ]
    },
    run: { input in
      let generated = try? Log_V1_ProduceRequest(serializedBytes: input)
      do {
        let contents = try LogMessages.decodeProduceRequest(ByteBuffer(bytes: input))
        if let generated {
          try require(isSame(contents, generated), "\(contents) differs from what the generated code reads")
        }
        return true
      } catch let error as MalformedMessage {
        // Ours wants one kind of contents, and knows no groups, which proto3 does not have.
        if let generated, kinds(of: generated) == 1, generated.batch.isEmpty || !generated.hasProducer,
          !generated.hasProducer || isProducer(generated.producer)
        {
          try require(holdsGroupOrNumberAsRecord(input), "a message that the generated code reads is refused: \(error)")
        }
        return false
      }
    })

  static let consumeRequest = FuzzTarget(
    "consume-request", maximumBytes: 128,
    seeds: {
      try [0, 1, 300, UInt64.max].map { offset in
        try Log_V1_ConsumeRequest.with { $0.offset = offset }.serializedBytes()
      } + [
        [8, 1, 8, 2], [0x12, 2, 1, 2, 8, 5],
        try Log_V1_ConsumeRequest.with {
          $0.maxRecords = 7
          $0.maxBytes = 1 << 20
          $0.waitMilliseconds = 300
          $0.batches = true
        }.serializedBytes(),
      ]
    },
    run: { input in
      let generated = try? Log_V1_ConsumeRequest(serializedBytes: input)
      do {
        let request = try LogMessages.decodeConsumeRequest(ByteBuffer(bytes: input))
        if let generated {
          try require(
            generated.offset == request.offset.rawValue && generated.maxRecords == request.maximumRecords
              && generated.maxBytes == request.maximumBytes && generated.waitMilliseconds == request.waitMilliseconds
              && generated.batches == request.wantsBatches, "\(request), by the generated code \(generated)")
        }
        return true
      } catch let error as MalformedMessage {
        if generated != nil {
          try require(holdsGroupOrNumberAsRecord(input), "a message that the generated code reads is refused: \(error)")
        }
        return false
      }
    })

  /// What we write, the generated code reads.
  static let logResponses = FuzzTarget(
    "log-responses", maximumBytes: 300,
    seeds: {
      [
        [], [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0] + Array("value".utf8), [UInt8](repeating: 255, count: 200),
      ]
    },
    run: { input in
      var choices = FuzzInput(input)
      let offset = Offset(choices.integer())
      let term = Term(choices.integer())
      let value = ByteBuffer(bytes: choices.rest())
      var buffer = ByteBuffer()
      LogMessages.writeProduceResponse(offset: offset, to: &buffer)
      let produced = try Log_V1_ProduceResponse(serializedBytes: Array(buffer: buffer))
      try require(produced.offset == offset.rawValue, "offset \(offset) reads as \(produced.offset)")
      buffer.clear()
      LogMessages.writeRecord(.record, value: value, offset: offset, term: term, to: &buffer)
      try require(
        buffer.readableBytes
          == LogMessages.recordFieldLength(valueBytes: value.readableBytes, offset: offset, term: term),
        "the length of a record is not what was said")
      LogMessages.writeOffsets(next: offset, end: Offset(term.rawValue), to: &buffer)
      try require(
        buffer.readableBytes <= value.readableBytes + LogMessages.maximumOverheadBytes, "\(buffer.readableBytes) bytes")
      let response = try Log_V1_ConsumeResponse(serializedBytes: Array(buffer: buffer))
      let record = response.record
      try require(
        response.nextOffset == offset.rawValue && response.endOffset == term.rawValue,
        "the log's offsets read back changed")
      try require(Array(record.value) == Array(buffer: value), "the value reads back changed")
      try require(record.offset == offset.rawValue && record.term == term.rawValue, "offset or term reads back changed")
      return true
    })

  /// How many of the three kinds of contents are set.
  private static func kinds(of request: Log_V1_ProduceRequest) -> Int {
    [request.hasRecord, !request.records.isEmpty, !request.batch.isEmpty].count { $0 }
  }

  private static func isSame(_ contents: ProduceContents, _ request: Log_V1_ProduceRequest) -> Bool {
    switch contents {
    case .record(let value): Array(request.record.value) == Array(buffer: value)
    case .records(let values): request.records.map { Array($0.value) } == values.map { Array(buffer: $0) }
    case .numbered(let values, let producer, let isSingle):
      (isSingle ? [request.record] : request.records).map { Array($0.value) } == values.map { Array(buffer: $0) }
        && producer.id == request.producer.id && UInt32(producer.epoch) == request.producer.epoch
        && producer.sequence == request.producer.sequence
    case .batch(let bytes): Array(request.batch) == Array(buffer: bytes)
    }
  }

  /// One that ours takes beside records.
  private static func isProducer(_ producer: Log_V1_Producer) -> Bool {
    producer.id != 0 && producer.epoch <= UInt32(UInt16.max)
  }

  /// Whether the message may have a group, or a `record` that is a number: the generated code takes both for unknown fields.
  private static func holdsGroupOrNumberAsRecord(_ input: [UInt8]) -> Bool {
    input.contains { [0, 3, 4].contains($0 & 7) || $0 >= 0x80 }
  }
}
