import Glibc
import NIOCore
import Testing

@testable import CommitLog

@Suite("Verify and repair")
struct InspectionTests {
  private static let configuration = Log.Configuration(
    maximumStoreBytes: 16 << 10, preallocationBytes: 4096, tailCacheBytes: 0)

  /// A closed log of 40 records in several segments.
  private func makeLog() throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: Self.configuration)
    for number in 0..<40 {
      var builder = RecordBatch.Builder(producer: Producer(id: 3, epoch: 0, sequence: UInt64(number)))
      builder.append("value \(number)".utf8 + Array(repeating: 120, count: 2000), timestamp: Timestamp(microseconds: 1))
      var batch = builder.finish()
      if number % 3 == 0 { batch = try batch.compressed(with: .gzip) }
      let end = log.acceptedEnd
      batch.stamp(
        index: end.nextIndex, term: Term(1), baseOffset: end.nextOffset, appendTime: Timestamp(microseconds: 1))
      try log.append([batch])
    }
    try log.close()
    return directory
  }

  private func verify(_ directory: TemporaryDirectory) throws -> [LogFinding] {
    var findings: [LogFinding] = []
    try LogInspector(directory: directory.path).verify { findings += $0.findings }
    return findings
  }

  private func change(_ path: String, at position: Int) throws {
    var bytes = try Files.read(path)
    bytes[position] ^= 1
    try Files.write(path, bytes)
  }

  private func offsets(_ directory: TemporaryDirectory) throws -> [UInt64] {
    try Log(directory: directory.path, configuration: Self.configuration).values().indices.map { UInt64($0) }
  }

  @Test("a good log has nothing to find, open or closed")
  func good() throws {
    let directory = try makeLog()
    var batches = 0
    var ends: [UInt64] = []
    try LogInspector(directory: directory.path).verify { report in
      #expect(report.findings.isEmpty)
      batches += report.batches
      ends.append(report.end?.nextOffset.rawValue ?? 0)
    }
    #expect(batches == 40)
    #expect(ends.count > 3 && ends.last == 40)
    let outcome = try LogRepair(directory: directory.path).run(discardingDamage: true)
    #expect(outcome.mended.isEmpty && outcome.damage == nil && outcome.cutTo == nil)
  }

  @Test("indexes and checkpoints are mended without loss")
  func mend() throws {
    let directory = try makeLog()
    let indexes = try Files.names(directory.path, ".index")
    let before = try indexes.map { try Files.read($0) }
    try Files.remove(indexes[0])
    try change(indexes[1], at: Index.headerBytes + 8)
    let stores = try Files.names(directory.path, ".store")
    try change(stores[2], at: StoreHeader.bytes + 20)
    let findings = try verify(directory)
    #expect(findings.map(\.kind) == [.repairable, .repairable, .repairable])
    #expect(
      findings.map(\.position.rawValue) == [0, UInt64(Index.headerBytes + 8), UInt64(StoreHeader.bytes)])
    let outcome = try LogRepair(directory: directory.path).run(discardingDamage: false)
    #expect(outcome.mended == findings && outcome.damage == nil)
    #expect(try verify(directory).isEmpty)
    #expect(try Files.names(directory.path, ".index").map { try Files.read($0) } == before)
    #expect(try offsets(directory).count == 40)
  }

  @Test("damage is named by file and position, and cut only when asked, with everything from there on kept aside")
  func damage() throws {
    let directory = try makeLog()
    let stores = try Files.names(directory.path, ".store")
    let whole = try Files.read(stores[1])
    let place = try #require(
      whole.firstRange(of: Array("value 10x".utf8)) ?? whole.firstRange(of: Array("value 11x".utf8)))
    try change(stores[1], at: place.lowerBound)
    let damaged = try Files.read(stores[1])
    let finding = try #require(try verify(directory).first)
    #expect(finding.kind == .damage && finding.file == stores[1])
    #expect(finding.position.rawValue == UInt64(place.lowerBound - BatchLayout.payload - 3))

    let report = try LogRepair(directory: directory.path).run(discardingDamage: false)
    #expect(report.damage == finding && report.cutTo == nil)
    #expect(try Files.names(directory.path, ".store") == stores)

    let outcome = try LogRepair(directory: directory.path).run(discardingDamage: true)
    let end = try #require(outcome.cutTo)
    #expect(try verify(directory).isEmpty)
    #expect(try offsets(directory).count == Int(end.nextOffset.rawValue))
    let aside = try #require(outcome.keptAside)
    #expect(try Files.names(aside, ".store").count == stores.count - 1)
    let name = try #require(stores[1].split(separator: "/").last)
    #expect(try Files.read(aside + "/" + name) == damaged)
    // A log that was cut goes on.
    let log = try Log(directory: directory.path, configuration: Self.configuration)
    try log.add(["again"])
    try log.flush()
    #expect(try log.values().last == "again")
  }

  @Test(
    "a segment that is missing, short or without header is damage, and what is before it can be kept", arguments: 0..<3)
  func lostSegment(change: Int) throws {
    let directory = try makeLog()
    let stores = try Files.names(directory.path, ".store")
    switch change {
    case 0: try Files.remove(stores[2])
    case 1: try Files.write(stores[2], Array(try Files.read(stores[2]).dropLast(100)))
    default: try self.change(stores[2], at: 10)
    }
    #expect(try verify(directory).contains { $0.kind == .damage })
    #expect(throws: LogError.self) { try Log(directory: directory.path, configuration: Self.configuration) }
    let outcome = try LogRepair(directory: directory.path).run(discardingDamage: true)
    let end = try #require(outcome.cutTo).nextOffset.rawValue
    #expect(try offsets(directory).count == Int(end) && end > 10)
    #expect(try verify(directory).isEmpty)
  }

  @Test("an unfinished write is a note")
  func tornTail() throws {
    let directory = try makeLog()
    let path = try #require(try Files.names(directory.path, ".store").last)
    try Files.write(path, try Files.read(path).reversed().drop { $0 == 0 }.reversed() + [1, 2, 3])
    #expect(try verify(directory).map(\.kind) == [.note])
  }

  @Test("a log in use is not repaired, and what is no log is left alone")
  func refused() throws {
    let directory = try makeLog()
    let log = try Log(directory: directory.path, configuration: Self.configuration)
    #expect(throws: LogError.locked(directory: directory.path, pid: getpid())) {
      try LogRepair(directory: directory.path)
    }
    try log.close()
    let empty = try TemporaryDirectory()
    #expect(throws: LogError.self) { try LogRepair(directory: empty.path) }
    #expect(try Files.list(empty.path).isEmpty)
  }

  @Test("batches are walked from the one that holds an offset", arguments: [0, 1, 17, 39, 40] as [UInt64])
  func walk(offset: UInt64) throws {
    let directory = try makeLog()
    var found: [UInt64] = []
    try LogInspector(directory: directory.path).forEachBatch(from: Offset(offset)) { batch, _, _ in
      found.append(batch.baseOffset.rawValue)
      return true
    }
    #expect(found == Array(offset..<40))
  }
}
