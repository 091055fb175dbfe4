import FuzzSupport
import NIOCore

@testable import CommitLog

extension FuzzTarget {
  /// Batches from the network or a store. The first byte says what is put right before: 1 the checksums, 2 the length too.
  static let recordBatch = FuzzTarget(
    "record-batch", maximumBytes: 2048,
    seeds: {
      let batches = Samples.batches
      return batches.flatMap { batch in [[0] + batch, [1] + batch] } + [
        [3] + batches[0], [0] + batches.flatMap(\.self),
      ]
    },
    run: { input in
      var bytes = Array(input.dropFirst())
      if let choice = input.first, choice & 1 != 0 { Restamp.batch(&bytes, fixLength: choice & 2 != 0) }
      var source = ByteBuffer(bytes: bytes)
      var accepted = false
      while source.readableBytes > 0 {
        let before = source
        do {
          try check(try RecordBatch(decoding: &source), from: before, upTo: source)
          accepted = true
        } catch is BatchError {
          try require(source == before && source.readerIndex == before.readerIndex, "a failed decoding took bytes")
          return accepted
        }
      }
      return accepted
    })

  private static func check(_ batch: RecordBatch, from before: ByteBuffer, upTo after: ByteBuffer) throws {
    try require(batch.byteCount == before.readableBytes - after.readableBytes, "a batch is not as long as what it took")
    try require(batch.buffer == before.getSlice(at: before.readerIndex, length: batch.byteCount), "bytes were changed")
    try require(
      BatchAttributes(rawValue: batch.attributes.rawValue) == batch.attributes, "attributes do not round-trip")
    var stamped = batch
    stamped.stamp(index: LogIndex(7), term: Term(3), baseOffset: Offset(11), appendTime: batch.appendTime)
    var copy = stamped.buffer
    try require(try RecordBatch(decoding: &copy) == stamped, "a stamped batch does not decode to itself")
    try require(stamped.payload == batch.payload, "stamping changed the payload")
    guard batch.kind == .records, batch.codec == .none else { return }
    try checkRecords(of: batch)
  }

  private static func checkRecords(of batch: RecordBatch) throws {
    let records = Array(try batch.records)
    try require(records.count == Int(batch.count), "\(records.count) records of \(batch.count)")
    var builder = RecordBatch.Builder(producer: batch.producer)
    for (number, record) in records.enumerated() {
      try require(record.offset == batch.baseOffset.advanced(by: number), "offsets are not dense")
      builder.append(record.value, timestamp: batch.firstTimestamp)
    }
    // Each look-up walks from the front: the first, one in the middle and the last are enough.
    for number in Set([0, records.count / 2, records.count - 1]) where records.indices.contains(number) {
      try require(try batch.record(at: records[number].offset) == records[number], "record(at:) gives another record")
    }
    try require(try batch.record(at: batch.nextOffset) == nil, "there is a record after the last")
    let rebuilt = builder.finish()
    try require(try rebuilt.records.map(\.value) == records.map(\.value), "rebuilt records differ")
    try require(rebuilt.producer == batch.producer, "the producer does not round-trip")
  }
}

/// Valid encodings to start from.
enum Samples {
  static let incarnation = LogIncarnation(high: 0x0123_4567_89AB_4DEF, low: 0x8765_4321_0FED_CBA9)
  static let time = Timestamp(microseconds: 1_700_000_000_000_000)

  static func storeHeader(previous: StoreHeader.SealedSegment?) -> StoreHeader {
    let base =
      previous == nil ? begin : LogEnd(nextIndex: LogIndex(7), nextOffset: Offset(12), lastTerm: Term(2))
    return StoreHeader(
      base: base, incarnation: incarnation, maximumAppendTime: time, previous: previous, checkpointBytes: 16,
      checkpointChecksum: 4711)
  }

  static func batch(_ values: [String], after end: LogEnd, term: UInt64 = 1) -> RecordBatch {
    var batch: RecordBatch
    if values.isEmpty {
      batch = .noOperation(timestamp: time)
    } else {
      var builder = RecordBatch.Builder(producer: Producer(id: 9, epoch: 1, sequence: 5))
      for value in values { builder.append(value.utf8, timestamp: time) }
      batch = builder.finish()
    }
    batch.stamp(index: end.nextIndex, term: Term(term), baseOffset: end.nextOffset, appendTime: time)
    return batch
  }

  static let begin = LogEnd(nextIndex: LogIndex(1), nextOffset: Offset(0), lastTerm: Term(0))

  static var batches: [[UInt8]] {
    let one = batch(["hello"], after: begin)
    let many = batch(["", "a", String(repeating: "x", count: 200), "last"], after: begin.after(one))
    let none = batch([], after: begin.after(one).after(many), term: 2)
    var configuration = RecordBatch(kind: .configuration, payload: ByteBuffer(string: "members"), timestamp: time)
    configuration.stamp(index: LogIndex(4), term: Term(2), baseOffset: Offset(5), appendTime: time)
    return [one, many, none, configuration].map { Array(buffer: $0.buffer) }
  }
}
