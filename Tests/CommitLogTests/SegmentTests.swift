import Glibc
import NIOCore
import TestSupport
import Testing

@testable import CommitLog

@Suite("Segments")
struct SegmentTests {
  @Test("however many segments a log has, few files are open, and all of it can be read")
  func openFiles() throws {
    let directory = try TemporaryDirectory()
    let configuration = Log.Configuration(
      maximumStoreBytes: 1024, maximumIndexBytes: 1000, preallocationBytes: 512, tailCacheBytes: 0)
    do {
      let log = try Log(directory: directory.path, configuration: configuration)
      for number in 0..<600 { try log.add(["value \(number)" + String(repeating: "x", count: 300)]) }
      try log.close()
    }
    let reopened = try Log(directory: directory.path, configuration: configuration)
    try #require(reopened.segmentCount > 3 * SegmentCache.limit)
    // The store and the index of the last segment, the votes, and the lock.
    let before = try openFiles(of: directory.path)
    #expect(before == 4)
    #expect(try reopened.values().count == 600)
    let after = try openFiles(of: directory.path)
    #expect(after == 4 + 2 * SegmentCache.limit)
  }

  private func openFiles(of directory: String) throws -> Int {
    try Files.list("/proc/self/fd").count { name in
      guard let target = realpath("/proc/self/fd/" + name, nil) else { return false }
      defer { free(target) }
      return String(cString: target).hasPrefix(directory + "/")
    }
  }

  @Test(
    "the state beside the records is what all batches give, after reopening and cuts too",
    arguments: 0..<20 as Range<UInt64>)
  func derivedState(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let directory = try TemporaryDirectory()
    var log = try Log(directory: directory.path, configuration: small)
    var batches: [RecordBatch] = []
    for _ in 0..<150 {
      switch Int.random(in: 0..<12, using: &random) {
      case 0:
        try log.close()
        log = try Log(directory: directory.path, configuration: small)
      case 1 where !batches.isEmpty:
        let keep = Int.random(in: max(0, batches.count - 10)...batches.count, using: &random)
        let index = LogIndex(UInt64(keep) + 1)
        guard index >= log.start.nextIndex else { continue }
        try log.truncate(from: index)
        batches.removeLast(batches.count - keep)
      case 2:
        try log.removeSegments(
          before: Offset(UInt64.random(in: 0...log.flushedEnd.nextOffset.rawValue, using: &random)))
      default:
        let batch = batch(after: log.acceptedEnd, &random)
        try log.append([batch])
        if Bool.random(using: &random) { try log.flush() }
        batches.append(batch)
      }
      var expected = DerivedState()
      for batch in batches { expected.apply(batch) }
      #expect(log.derivedState == expected, "seed \(seed)")
    }
    #expect(log.segmentCount > 1)
  }

  private func batch(after end: LogEnd, _ random: inout SeededGenerator) -> RecordBatch {
    let time = Timestamp(microseconds: Int64.random(in: 0..<1000, using: &random))
    var batch: RecordBatch
    if Int.random(in: 0..<5, using: &random) == 0 {
      batch = RecordBatch(
        kind: .configuration, payload: ByteBuffer(string: "members \(random.next())"), timestamp: time)
    } else {
      var builder = RecordBatch.Builder(
        producer: Producer(
          id: UInt64.random(in: 0..<5, using: &random), epoch: UInt16.random(in: 0..<2, using: &random),
          sequence: random.next()))
      builder.append("value".utf8, timestamp: time)
      batch = builder.finish()
    }
    batch.stamp(index: end.nextIndex, term: Term(1), baseOffset: end.nextOffset, appendTime: time)
    return batch
  }

  @Test("the producer longest silent is forgotten for a new one, and the table comes back from its bytes")
  func producerTable() throws {
    var table = ProducerTable()
    var end = LogEnd(nextIndex: LogIndex(1), nextOffset: Offset(0), lastTerm: Term(1))
    func apply(_ id: UInt64, _ sequence: UInt64) {
      var builder = RecordBatch.Builder(producer: Producer(id: id, epoch: 0, sequence: sequence))
      builder.append("x".utf8, timestamp: Timestamp(microseconds: 0))
      let batch = builder.finish().stamped(
        index: end.nextIndex, term: Term(1), baseOffset: end.nextOffset, appendTime: Timestamp(microseconds: 0))
      table.apply(batch)
      end = end.after(batch)
    }
    for id in 1...UInt64(ProducerTable.maximumProducers) { apply(id, 0) }
    apply(1, 1)
    apply(99_999, 0)
    #expect(table.producers.count == ProducerTable.maximumProducers)
    #expect(table.producers[1] != nil && table.producers[2] == nil && table.producers[99_999] != nil)
    for sequence in 0..<8 { apply(3, UInt64(sequence) + 1) }
    #expect(table.producers[3]?.batches.map(\.sequence) == [4, 5, 6, 7, 8])
    var bytes = ByteBuffer()
    table.encode(into: &bytes)
    #expect(bytes.readableBytes <= ProducerTable.maximumEncodedBytes)
    #expect(ProducerTable(from: &bytes) == table)
    #expect(bytes.readableBytes == 0)
  }

  @Test("a damaged checkpoint is refused with file and position")
  func damagedCheckpoint() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path)
    try log.add(["value"])
    try log.close()
    let path = try #require(try Files.names(directory.path, ".store").first)
    var bytes = try Files.read(path)
    bytes[StoreHeader.bytes + 3] ^= 1
    try Files.write(path, bytes)
    let error = #expect(throws: LogError.self) { try Log(directory: directory.path) }
    guard case .damaged(path, FilePosition(UInt64(StoreHeader.bytes)), _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
