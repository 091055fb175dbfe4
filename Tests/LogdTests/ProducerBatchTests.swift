import CommitLog
import NIOCore
import Testing

@testable import Logd

@Suite struct ProducerBatchTests {
  private static let limits = ProducerBatch.Limits(
    maximumRecordBytes: 100, maximumBatchBytes: 1_000, maximumDecompressedBytes: 2_000)

  static func batch(_ values: [Int], producer: Producer = .none) -> RecordBatch {
    var builder = RecordBatch.Builder(producer: producer)
    for bytes in values { builder.append([UInt8](repeating: 7, count: bytes), timestamp: .now) }
    return builder.finish()
  }

  private func take(_ bytes: ByteBuffer) throws(ProduceError) -> RecordBatch {
    try ProducerBatch(try ProducerBatch.decode(bytes, limits: Self.limits), limits: Self.limits).batch
  }

  @Test("a batch is taken as it is: compressed, and with its producer", arguments: BatchCodec.supported)
  func taken(codec: BatchCodec) throws {
    let batch = try Self.batch([0, 100, 50], producer: Producer(id: 7, epoch: 2, sequence: 40)).compressed(with: codec)
    #expect(try take(batch.buffer) == batch)
  }

  struct Refused: Sendable, CustomTestStringConvertible {
    var name: String
    var says: String
    var bytes: @Sendable () throws -> ByteBuffer
    var testDescription: String { name }
  }

  static let refused = [
    Refused(name: "nothing of a batch", says: "incomplete batch: 3 of 88 bytes") {
      ByteBuffer(bytes: [0x50, 0x4C, 0x42])
    },
    Refused(name: "no magic", says: "not a batch of format version 1") { ByteBuffer(repeating: 1, count: 200) },
    Refused(name: "cut off", says: "incomplete batch") {
      batch([10]).buffer.getSlice(at: 0, length: 95) ?? ByteBuffer()
    },
    Refused(name: "a flipped bit in the header", says: "header fails its checksum") { flipped(batch([10]), at: 20) },
    Refused(name: "a flipped bit in a record", says: "body fails its checksum") { flipped(batch([10]), at: 92) },
    Refused(name: "two batches", says: "99 bytes follow it; send one batch") {
      var two = batch([10]).buffer
      two.writeImmutableBuffer(batch([9]).buffer)
      return two
    },
    Refused(name: "of another kind", says: "its kind is 1") { RecordBatch.noOperation(timestamp: .now).buffer },
    Refused(name: "no records", says: "it has no records") { batch([]).buffer },
    Refused(name: "a large record", says: "the record has 101 bytes, the limit is 100") { batch([1, 101]).buffer },
    Refused(name: "a large record, compressed", says: "the record has 101 bytes") {
      try batch([1, 101]).compressed(with: .gzip).buffer
    },
    Refused(name: "a large batch", says: "the batch has 1108 bytes, the limit is 1000") {
      batch(Array(repeating: 100, count: 10)).buffer
    },
    Refused(name: "a bomb", says: "when decompressed, the limit is 2000") {
      try batch(Array(repeating: 100, count: 100)).compressed(with: .gzip).buffer
    },
  ]

  private static func flipped(_ batch: RecordBatch, at position: Int) -> ByteBuffer {
    var bytes = Array(batch.buffer.readableBytesView)
    bytes[position] ^= 1
    return ByteBuffer(bytes: bytes)
  }

  @Test("what is no batch that a producer may send is refused, with what is wrong", arguments: refused)
  func refusedBatches(_ refused: Refused) throws {
    let bytes = try refused.bytes()
    let error = #expect(throws: ProduceError.self) { try take(bytes) }
    #expect(error?.description.contains(refused.says) == true, "\(error?.description ?? "")")
  }

  @Test(
    "values become one batch within the limits",
    arguments: [
      ([0, 1, 100], nil), ([], "it has no records"), ([101], "the record has 101 bytes"),
      (Array(repeating: 100, count: 8), nil), (Array(repeating: 100, count: 9), "the batch has 1006 bytes"),
      (Array(repeating: 99, count: 10) + [10], "the batch has"), (Array(repeating: 0, count: 500), "the batch has"),
    ] as [([Int], String?)])
  func values(bytes: [Int], problem: String?) {
    let values = bytes.map { ByteBuffer(repeating: 7, count: $0) }
    do throws(ProduceError) {
      let batch = try ProducerBatch(values, limits: Self.limits, now: .now)
      #expect(problem == nil)
      #expect(batch.count == UInt32(bytes.count))
    } catch {
      #expect(error.description.contains(problem ?? "no problem"), "\(error)")
    }
  }
}
