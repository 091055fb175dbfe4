import CCommitLog
import Compression
import NIOCore
import Testing

@testable import CommitLog

@Suite("Record batch")
struct RecordBatchTests {
  static func sample() -> RecordBatch {
    var builder = RecordBatch.Builder(producer: Producer(id: 7, epoch: 3, sequence: 99))
    builder.append("first".utf8, timestamp: Timestamp(microseconds: 20))
    builder.append(ByteBuffer(), timestamp: Timestamp(microseconds: 10))
    builder.append(ByteBuffer(repeating: 9, count: 300), timestamp: Timestamp(microseconds: 30))
    return builder.finish().stamped(
      index: LogIndex(5), term: Term(2), baseOffset: Offset(40), appendTime: Timestamp(microseconds: 77))
  }

  @Test("every field comes back from the encoded bytes")
  func roundTrip() throws {
    let batch = Self.sample()
    var bytes = batch.buffer
    bytes.writeString("next")
    let decoded = try RecordBatch(decoding: &bytes)
    #expect(decoded == batch)
    #expect(String(buffer: bytes) == "next")
    #expect(decoded.index == LogIndex(5) && decoded.term == Term(2) && decoded.baseOffset == Offset(40))
    #expect(decoded.appendTime.microseconds == 77 && decoded.count == 3 && decoded.nextOffset == Offset(43))
    #expect(decoded.producer == Producer(id: 7, epoch: 3, sequence: 99))
    #expect(decoded.firstTimestamp.microseconds == 20 && decoded.maximumTimestamp.microseconds == 30)
    #expect(decoded.kind == .records && decoded.codec == .none)
    #expect(try decoded.records.map(\.offset) == [Offset(40), Offset(41), Offset(42)])
    #expect(try decoded.records.map(\.value.readableBytes) == [5, 0, 300])
    #expect(try decoded.record(at: Offset(40))?.value == ByteBuffer(string: "first"))
    #expect(try decoded.record(at: Offset(43)) == nil)
  }

  @Test("a flipped bit anywhere is noticed")
  func flippedBits() throws {
    let batch = Self.sample()
    for position in 0..<batch.byteCount {
      for bit in 0..<8 {
        var bytes = batch.buffer
        let byte = try #require(bytes.getInteger(at: position, as: UInt8.self))
        bytes.setInteger(byte ^ (1 << bit), at: position)
        #expect(throws: BatchError.self) { try RecordBatch(decoding: &bytes) }
      }
    }
  }

  @Test("every shorter piece is incomplete and leaves the source as it was")
  func shortened() {
    let batch = Self.sample()
    for length in 0..<batch.byteCount {
      var bytes = batch.buffer.getSlice(at: 0, length: length) ?? ByteBuffer()
      #expect(throws: BatchError.self) { try RecordBatch(decoding: &bytes) }
      #expect(bytes.readableBytes == length)
    }
  }

  /// A batch with this payload whose checksums are right.
  private func forged(count: UInt32, attributes: UInt16 = 0, payload: [UInt8]) -> ByteBuffer {
    var bytes = RecordBatch(
      kind: .noOperation, payload: ByteBuffer(bytes: payload), timestamp: Timestamp(microseconds: 0)
    ).buffer
    bytes.setInteger(attributes, at: BatchLayout.attributes, endianness: .little)
    bytes.setInteger(count, at: BatchLayout.count, endianness: .little)
    let body = RecordBatch.bodyChecksum(of: bytes, length: bytes.readableBytes - BatchLayout.headerBytes)
    bytes.setInteger(body, at: BatchLayout.bodyChecksum, endianness: .little)
    bytes.setInteger(RecordBatch.headerChecksum(of: bytes), at: BatchLayout.headerChecksum, endianness: .little)
    return bytes
  }

  @Test(
    "impossible bodies with right checksums are refused",
    arguments: [
      (1, 0, [], BatchError.malformedRecord(number: 0)),
      (1, 0, [0], .malformedRecord(number: 0)),
      (1, 0, [5, 0, 1], .malformedRecord(number: 0)),
      (1, 0, [2, 1, 1], .malformedRecord(number: 0)),
      (2, 0, [2, 0, 1], .malformedRecord(number: 1)),
      (1, 0, [2, 0, 1, 9], .trailingBytes(1)),
      (1, 0, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0], .malformedRecord(number: 0)),
      (UInt32.max, 0, [1, 0], .malformedRecord(number: 1)),
      (1, 0x10, [], .countWithoutRecords(kind: .noOperation, count: 1)),
      (0, 0x08, [], .attributes(8)),
      (0, 0x100, [], .attributes(0x100)),
    ] as [(UInt32, UInt16, [UInt8], BatchError)])
  func impossibleBodies(count: UInt32, attributes: UInt16, payload: [UInt8], error: BatchError) {
    var bytes = forged(count: count, attributes: attributes, payload: payload)
    #expect(throws: error) { try RecordBatch(decoding: &bytes) }
  }

  @Test("a compressed batch has the same records, and everything else of the batch", arguments: [0, 1, 100])
  func compressed(count: Int) throws {
    var builder = RecordBatch.Builder(producer: Producer(id: 7, epoch: 2, sequence: 9))
    for number in 0..<count {
      builder.append("record \(number % 3)".utf8, timestamp: Timestamp(microseconds: Int64(100 - number)))
    }
    let plain = builder.finish()
    let compressed = try plain.compressed(with: .gzip)
    #expect(compressed.codec == .gzip && compressed.count == plain.count && compressed.producer == plain.producer)
    #expect(compressed.maximumTimestamp == plain.maximumTimestamp && compressed.firstTimestamp == plain.firstTimestamp)
    #expect(count < 100 || compressed.byteCount < plain.byteCount / 2)
    var bytes = compressed.stamped(
      index: LogIndex(3), term: Term(1), baseOffset: Offset(5), appendTime: Timestamp(microseconds: 1)
    ).buffer
    let decoded = try RecordBatch(decoding: &bytes)
    try decoded.validateRecords()
    #expect(try decoded.records.map(\.value) == plain.records.map(\.value))
    #expect(try decoded.records.map(\.offset.rawValue) == (0..<count).map { UInt64($0) + 5 })
  }

  @Test("a compressed payload that is not what the batch says is refused")
  func wrongPayload() throws {
    var builder = RecordBatch.Builder()
    for number in 0..<3 { builder.append("\(number)".utf8, timestamp: Timestamp(microseconds: 0)) }
    let payload = Array(buffer: try builder.finish().compressed(with: .gzip).payload)
    func check(_ count: UInt32, _ payload: [UInt8]) throws {
      var bytes = forged(count: count, attributes: UInt16(BatchCodec.gzip.rawValue), payload: payload)
      try RecordBatch(decoding: &bytes).validateRecords()
    }
    try check(3, payload)
    #expect(throws: BatchError.malformedRecord(number: 3)) { try check(4, payload) }
    #expect(throws: BatchError.trailingBytes(3)) { try check(2, payload) }
    #expect(throws: BatchError.self) { try check(3, payload.dropLast()) }
    #expect(throws: BatchError.self) { try check(3, [1, 2, 3]) }
  }

  @Test("records that decompress to more than the limit are refused in little memory")
  func bomb() throws {
    var bomb = ByteBuffer()
    Gzip.compress(ByteBuffer(repeating: 0, count: RecordBatch.maximumDecompressedBytes + 1), into: &bomb)
    var bytes = forged(count: 1, attributes: UInt16(BatchCodec.gzip.rawValue), payload: Array(buffer: bomb))
    let batch = try RecordBatch(decoding: &bytes)
    #expect(
      throws: BatchError.compression(codec: .gzip, .tooLarge(limit: RecordBatch.maximumDecompressedBytes))
    ) { try batch.validateRecords() }
  }

  @Test("a batch of a codec that this version cannot read is kept, and its records are not readable")
  func unknownCodec() throws {
    var bytes = forged(count: 3, attributes: 2, payload: [1, 2, 3])
    let batch = try RecordBatch(decoding: &bytes)
    #expect(throws: BatchError.unsupportedCodec(.zstd)) { try batch.records }
  }

  @Test("CRC32C gives the published values, by instruction and by table")
  func checksum() {
    #expect(Array("123456789".utf8).withUnsafeBytes { CRC32C.checksum($0) } == 0xE306_9283)
    #expect([UInt8](repeating: 0, count: 32).withUnsafeBytes { CRC32C.checksum($0) } == 0x8A91_36AA)
    for length in 0..<100 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37) }
      bytes.withUnsafeBytes { #expect(CRC32C.checksum($0) == ccommitlog_crc32c_portable(0, $0.baseAddress, $0.count)) }
    }
  }
}
