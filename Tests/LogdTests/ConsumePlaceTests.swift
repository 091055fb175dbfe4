import CommitLog
import NIOCore
import ProgLogAPI
import SwiftProtobuf
import Testing

@testable import Logd

/// What a consumer is answered, out of batches at 10…12, 13…14 (compressed) and 15…17, of records with 10 bytes each.
@Suite struct ConsumePlaceTests {
  static let batches: [RecordBatch] = {
    var end = (index: UInt64(5), offset: UInt64(10))
    return [3, 2, 3].enumerated().compactMap { place, count in
      var builder = RecordBatch.Builder()
      for _ in 0..<count { builder.append(Array("0123456789".utf8), timestamp: .now) }
      defer { end = (end.index + 1, end.offset + UInt64(count)) }
      return try? builder.finish().compressed(with: place == 1 ? .gzip : .none).stamped(
        index: LogIndex(end.index), term: Term(2), baseOffset: Offset(end.offset), appendTime: .now)
    }
  }()

  /// The answers until nothing is left, decompressing when asked.
  private func answers(_ shape: ConsumeShape, from offset: UInt64) throws -> [Log_V1_ConsumeResponse] {
    var place = ConsumePlace(shape: shape, from: Offset(offset))
    place.add(Self.batches)
    var answers: [Log_V1_ConsumeResponse] = []
    while true {
      switch try place.prepare() {
      case .batches:
        #expect(place.next == Offset(18))
        return answers
      case .decompression(let batch): place.addDecompressed(try batch.records)
      case .nothing:
        var buffer = ByteBuffer()
        place.writeAnswer(to: &buffer)
        answers.append(try Log_V1_ConsumeResponse(serializedBytes: Array(buffer.readableBytesView)))
      }
    }
  }

  @Test("without limits an answer is one record", arguments: [10, 12, 14, 17] as [UInt64])
  func records(offset: UInt64) throws {
    let answers = try answers(.record, from: offset)
    #expect(answers.map(\.record.offset) == Array(offset..<18))
    #expect(answers.allSatisfy { $0.record.value.count == 10 && $0.record.term == 2 && $0.records.isEmpty })
  }

  // A record takes 18 bytes of an answer.
  @Test(
    "with limits an answer is as many records as fit, at least one, up to what has to be decompressed",
    arguments: [
      (10, 0, 0, [[10, 11, 12], [13, 14, 15, 16, 17]]), (10, 2, 0, [[10, 11], [12], [13, 14], [15, 16], [17]]),
      (14, 0, 36, [[14, 15], [16, 17]]), (14, 0, 35, [[14], [15], [16], [17]]), (16, 0, 1, [[16], [17]]),
      (11, 1, 1_000, [[11], [12], [13], [14], [15], [16], [17]]),
    ] as [(UInt64, UInt32, UInt32, [[UInt64]])])
  func limitedRecords(offset: UInt64, records: UInt32, bytes: UInt32, expected: [[UInt64]]) throws {
    let answers = try answers(.records(ConsumeLimits(records: records, bytes: bytes)), from: offset)
    #expect(answers.map { $0.records.map(\.offset) } == expected)
    #expect(answers.allSatisfy { !$0.hasRecord })
    for answer in answers where bytes > 0 && answer.records.count > 1 {
      #expect(try (answer.serializedBytes() as [UInt8]).count <= Int(bytes))
    }
  }

  @Test(
    "batches come as they are stored, whole, as many as fit, at least one",
    arguments: [
      (10, 0, 0, [[0, 1, 2]]), (12, 0, 0, [[0, 1, 2]]), (13, 0, 0, [[1, 2]]), (17, 0, 0, [[2]]),
      (10, 0, 1, [[0], [1], [2]]), (10, 5, 0, [[0, 1], [2]]), (12, 3, 0, [[0, 1], [2]]), (10, 1, 0, [[0], [1], [2]]),
    ] as [(UInt64, UInt32, UInt32, [[Int]])])
  func storedBatches(offset: UInt64, records: UInt32, bytes: UInt32, expected: [[Int]]) throws {
    let answers = try answers(.batches(ConsumeLimits(records: records, bytes: bytes)), from: offset)
    let stored = Self.batches.map { Array($0.buffer.readableBytesView) }
    #expect(answers.map { $0.batches.map(Array.init) } == expected.map { $0.map { stored[$0] } })
  }

  @Test("batches without records, and those before the place, are passed over")
  func passedOver() throws {
    var place = ConsumePlace(shape: .batches(ConsumeLimits(records: 0, bytes: 0)), from: Offset(15))
    let nothing = RecordBatch.noOperation(timestamp: .now)
      .stamped(index: LogIndex(9), term: Term(2), baseOffset: Offset(18), appendTime: .now)
    place.add(Self.batches + [nothing])
    var buffer = ByteBuffer()
    place.writeAnswer(to: &buffer)
    let answer = try Log_V1_ConsumeResponse(serializedBytes: Array(buffer.readableBytesView))
    #expect(answer.batches.map(\.count) == [Self.batches[2].byteCount])
  }
}
