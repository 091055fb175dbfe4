import Foundation
import NIOCore
import Testing

@testable import CommitLog

@Suite("Log")
struct LogTests {
  @Test("what was appended and flushed is read back, across segments and after many reopenings")
  func reopen() throws {
    let directory = try TemporaryDirectory()
    var expected: [String] = []
    for round in 0..<20 {
      let log = try Log(directory: directory.path, configuration: small)
      #expect(try log.values() == expected)
      #expect(log.recovery.tornTail == nil && log.rebuiltIndexes == 0)
      for number in 0..<5 {
        let values = (0...number).map { "value \(round) \(number) \($0)" }
        try log.add(values)
        try log.add([])
        expected += values
      }
      try log.flush()
      if round % 2 == 0 { try log.close() }
    }
    let log = try Log(directory: directory.path, configuration: small)
    #expect(log.segmentCount > 5)
    #expect(try log.values() == expected)
    for (number, value) in expected.enumerated() {
      let offset = Offset(UInt64(number))
      let batch = try #require(try log.read(from: offset, maximumBytes: 0).first)
      #expect(try batch.record(at: offset).map { String(buffer: $0.value) } == value)
    }
    for index in 1..<log.flushedEnd.nextIndex.rawValue {
      #expect(try log.read(from: LogIndex(index), maximumBytes: 0).first?.index == LogIndex(index))
    }
  }

  @Test("accepted batches are not readable until they are flushed")
  func acceptedIsNotFlushed() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path)
    try log.add(["a"])
    #expect(log.acceptedEnd.nextOffset == Offset(1) && log.flushedEnd.nextOffset == Offset(0))
    #expect(throws: LogError.outOfRange(requested: Offset(0), start: Offset(0), end: Offset(0))) {
      try log.read(from: Offset(0), maximumBytes: 100)
    }
    #expect(try log.flush().end == log.acceptedEnd)
    #expect(try log.values() == ["a"])
  }

  // proglog kept acknowledged records in a buffer: after five appends 0 bytes were in its file.
  @Test("flushed batches are in the file at once")
  func flushedIsInTheFile() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path)
    for number in 0..<5 { try log.add(["acknowledged \(number)"]) }
    try log.flush()
    let copy = try Files.copy(directory.path)
    #expect(try Log(directory: copy.path).values() == (0..<5).map { "acknowledged \($0)" })
  }

  // proglog's append failed when the index limit was no multiple of its entry size.
  @Test("any index limit works", arguments: Array(88...140) + [1000])
  func indexLimits(limit: Int) throws {
    let directory = try TemporaryDirectory()
    let configuration = Log.Configuration(
      maximumStoreBytes: 64 << 10, maximumIndexBytes: limit, preallocationBytes: 4096)
    let value = String(repeating: "x", count: 3000)
    let log = try Log(directory: directory.path, configuration: configuration)
    for _ in 0..<8 { try log.add([value]) }
    try log.flush()
    let entries = (limit - Index.headerBytes) / IndexEntry.bytes
    #expect(log.segmentCount == (limit == 1000 ? 1 : (8 + 2 * entries - 1) / (2 * entries)))
    try log.close()
    #expect(try Log(directory: directory.path, configuration: configuration).values().count == 8)
  }

  @Test(
    "impossible settings are refused by name",
    arguments: [
      (Log.Configuration(maximumStoreBytes: 10), "maximumStoreBytes"),
      (Log.Configuration(maximumIndexBytes: 87), "maximumIndexBytes"),
      (Log.Configuration(preallocationBytes: 0), "preallocationBytes"),
    ])
  func impossibleSettings(configuration: Log.Configuration, name: String) throws {
    let error = #expect(throws: LogError.self) { try configuration.validate() }
    #expect(error?.description.contains(name) == true)
  }

  @Test("a batch that does not continue the log, or is too large, is refused and changes nothing")
  func refusedBatches() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: small)
    try log.add(["a"], term: Term(4))
    let end = log.acceptedEnd
    let time = Timestamp(microseconds: 0)
    let good = log.next(["b"])
    for bad in [
      good.stamped(
        index: end.nextIndex.advanced(by: 1), term: end.lastTerm, baseOffset: end.nextOffset, appendTime: time),
      good.stamped(index: end.nextIndex, term: end.lastTerm, baseOffset: Offset(0), appendTime: time),
      good.stamped(index: end.nextIndex, term: Term(3), baseOffset: end.nextOffset, appendTime: time),
    ] {
      #expect(
        throws: LogError.notContiguous(expected: end, index: bad.index, baseOffset: bad.baseOffset, term: bad.term)
      ) {
        try log.append([bad])
      }
    }
    let large = log.next([String(repeating: "x", count: 2000)])
    #expect(throws: LogError.batchTooLarge(bytes: large.byteCount, limit: 1024 - 80 - 24)) { try log.append([large]) }
    #expect(log.acceptedEnd == end)
    try log.append([good])
  }

  @Test("a directory is free when its log is closed, though a child that was just forked has its descriptors")
  func unlocked() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path)
    let lock = "\(directory.path)/lock"
    let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { Int32($0) }
    let held = descriptors.first { descriptor in
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(descriptor)")) == lock
    }
    let inherited = dup(try #require(held))
    defer { close(inherited) }
    try log.close()
    try Log(directory: directory.path).close()
  }

  @Test("a directory in use is refused with the holder's process id")
  func locked() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path)
    let error = #expect(throws: LogError.self) { try Log(directory: directory.path) }
    guard case .locked(_, .some) = error else {
      Issue.record("not locked: \(String(describing: error))")
      return
    }
    try log.close()
    _ = try Log(directory: directory.path)
  }

  @Test("a closed log refuses everything")
  func closed() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path)
    try log.add(["a"])
    try log.close()
    #expect(throws: LogError.closed) { try log.flush() }
    #expect(throws: LogError.closed) { try log.read(from: Offset(0), maximumBytes: 1) }
  }

  @Test("a log keeps its incarnation and its cluster, and starts at the initial offset")
  func identity() throws {
    let directory = try TemporaryDirectory()
    var log = try Log(directory: directory.path, configuration: Log.Configuration(initialOffset: Offset(100)))
    #expect(log.recovery.created && log.startOffset == Offset(100))
    let incarnation = log.metadata.incarnation
    try log.setClusterID("blue")
    #expect(throws: LogError.self) { try log.setClusterID("green") }
    try log.close()
    log = try Log(directory: directory.path)
    #expect(log.metadata == LogMetadata(incarnation: incarnation, clusterID: "blue"))
    #expect(log.startOffset == Offset(100) && !log.recovery.created)
  }

  // A Raft conflict made proglog delete every segment.
  @Test("a cut from the back keeps exactly what is before it", arguments: 1...41)
  func truncation(index: UInt64) throws {
    let directory = try TemporaryDirectory()
    var log = try Log(directory: directory.path, configuration: small)
    for number in 0..<40 { try log.add(["value \(number)"]) }
    if index % 2 == 0 { try log.flush() }
    try log.truncate(from: LogIndex(index))
    let kept = (0..<Int(index - 1)).map { "value \($0)" }
    #expect(log.acceptedEnd.nextIndex == LogIndex(index))
    try log.add(["other"], term: Term(2))
    try log.flush()
    #expect(try log.values() == kept + ["other"])
    try log.close()
    log = try Log(directory: directory.path, configuration: small)
    #expect(try log.values() == kept + ["other"])
  }

  @Test("retention removes whole segments from the front only")
  func retention() throws {
    let directory = try TemporaryDirectory()
    var log = try Log(directory: directory.path, configuration: small)
    for number in 0..<40 { try log.add(["value \(number)"]) }
    try log.flush()
    let start = try log.removeSegments(before: Offset(20))
    #expect(start.nextOffset > Offset(10) && start.nextOffset <= Offset(20))
    #expect(throws: LogError.outOfRange(requested: Offset(0), start: start.nextOffset, end: Offset(40))) {
      try log.read(from: Offset(0), maximumBytes: 1)
    }
    try log.removeSegments(before: Offset(1000))
    #expect(log.segmentCount == 1)
    try log.close()
    log = try Log(directory: directory.path, configuration: small)
    #expect(log.start == log.acceptedEnd && log.startOffset == Offset(40))
    try log.add(["next"])
    try log.flush()
    #expect(try log.read(from: Offset(40), maximumBytes: 1).count == 1)
  }

  @Test("a batch of any number of records lies in one segment and reads as a whole")
  func limitOfBytes() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: medium)
    for _ in 0..<10 { try log.add(["one", "two", "three"]) }
    try log.flush()
    let size = log.next(["one", "two", "three"]).byteCount
    #expect(try log.read(from: Offset(4), maximumBytes: 0).map(\.baseOffset) == [Offset(3)])
    #expect(try log.read(from: Offset(4), maximumBytes: 3 * size).count == 3)
    #expect(try log.read(from: Offset(4), maximumBytes: 3 * size - 1).count == 2)
    #expect(try log.read(from: Offset(0), maximumBytes: .max).count == 10)
  }
}
