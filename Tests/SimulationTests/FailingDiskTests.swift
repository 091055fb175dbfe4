import CommitLog
import NIOCore
import Simulation
import Synchronization
import Testing

/// What a log does on a disk that fails or is full, one case at a time.
@Suite("A log on a failing disk")
struct FailingDiskTests {
  private static let configuration = Log.Configuration(
    maximumStoreBytes: 4096, maximumIndexBytes: 200, preallocationBytes: 1024, tailCacheBytes: 0)

  private static let store = "/log/00000000000000000001.store"

  private func log(on disk: SimulatedDisk) throws -> Log {
    try Log(directory: "/log", configuration: Self.configuration, fileSystem: disk)
  }

  private func batch(_ value: String, after end: LogEnd) -> RecordBatch {
    var builder = RecordBatch.Builder()
    builder.append(value.utf8, timestamp: Timestamp(microseconds: 1))
    return builder.finish().stamped(
      index: end.nextIndex, term: Term(1), baseOffset: end.nextOffset, appendTime: Timestamp(microseconds: 1))
  }

  private func values(_ log: Log) throws -> [String] {
    guard log.startOffset < log.flushedEnd.nextOffset else { return [] }
    var values: [String] = []
    var offset = log.startOffset
    while offset < log.flushedEnd.nextOffset {
      for batch in try log.read(from: offset, maximumBytes: 1 << 20) {
        for record in try batch.records { values.append(String(buffer: record.value)) }
        offset = batch.nextOffset
      }
    }
    return values
  }

  @Test("after a failed sync nothing is written any more, and the next opening has everything acknowledged")
  func failedSync() throws {
    for seed in 0..<50 as Range<UInt64> {
      let disk = SimulatedDisk(seed: seed)
      let log = try log(on: disk)
      try log.append([batch("acknowledged", after: log.acceptedEnd)])
      try log.flush()
      try log.append([batch("lost or not", after: log.acceptedEnd)])
      disk.plan(.inputOutputError, atStep: disk.step + 1)
      #expect(throws: LogError.self) { try log.flush() }
      #expect(throws: LogError.self) { try log.flush() }
      #expect(throws: LogError.self) { try log.append([batch("refused", after: log.acceptedEnd)]) }
      #expect(throws: LogError.self) { try log.truncate(from: LogIndex(1)) }
      let crashed = try values(self.log(on: disk.afterCrash(seed: seed)))
      #expect(crashed == ["acknowledged"] || crashed == ["acknowledged", "lost or not"])
    }
  }

  @Test("what is read after a restart stays, though a sync failed before and its pages look clean")
  func pagesThatLookClean() throws {
    for seed in 0..<50 as Range<UInt64> {
      let disk = SimulatedDisk(seed: seed)
      let log = try log(on: disk)
      try log.append([batch("value", after: log.acceptedEnd)])
      disk.plan(.inputOutputError, atStep: disk.step + 1)
      #expect(throws: LogError.self) { try log.flush() }
      let restarted = disk.afterKill(seed: seed)
      let found = try values(self.log(on: restarted))
      #expect(try values(self.log(on: restarted.afterCrash(seed: seed))) == found, "seed \(seed)")
    }
  }

  @Test("a writer whose sync fails says so once, and takes nothing any more")
  func failedWriter() throws {
    let disk = SimulatedDisk(seed: 1)
    let log = try log(on: disk)
    let first = batch("acknowledged", after: log.acceptedEnd)
    let events = Mutex<[String]>([])
    let writer = LogWriter(log: log) { event in
      switch event {
      case .flushed(let flushed, _, _): events.withLock { $0.append("flushed \(flushed.end.nextIndex)") }
      case .failed(.syncFailed): events.withLock { $0.append("failed") }
      default: events.withLock { $0.append("\(event)") }
      }
    }
    // The store's first write allocates; then come the batch, zeros and the sync.
    disk.plan(.inputOutputError, atStep: disk.step + 4)
    try writer.submit([first])
    writer.shutdown()
    #expect(events.withLock { $0 } == ["failed"])
    #expect(throws: LogWriterError.self) { try writer.submit([first]) }
    #expect(try values(self.log(on: disk.afterCrash(seed: 1))).count <= 1)
  }

  @Test("a removal that stops half-way says where the log starts now, and holds up no write")
  func failedRemoval() throws {
    var stopped = 0
    for step in 1...12 {
      let disk = SimulatedDisk(seed: 1)
      let log = try log(on: disk)
      let large = String(repeating: "x", count: 1500)
      for _ in 0..<6 { try log.append([batch(large, after: log.acceptedEnd)]) }
      try log.flush()
      let all = log.acceptedEnd.nextOffset
      let last = batch("behind the removal", after: log.acceptedEnd)
      let events = Mutex<[LogWriterEvent]>([])
      let writer = LogWriter(log: log) { event in events.withLock { $0.append(event) } }
      disk.plan(.inputOutputError, atStep: disk.step + step)
      try writer.submitRemoval(before: all)
      try? writer.submit([last])
      writer.shutdown()
      if log.hasFailed { continue }
      guard case .removed(log.start)? = events.withLock({ $0.first }) else {
        Issue.record("step \(step): \(events.withLock { $0 })")
        continue
      }
      guard case .removalRefused? = events.withLock({ $0.dropFirst().first }) else { continue }
      stopped += 1
      #expect(log.startOffset > Offset(0) && log.startOffset < all)
      #expect(try values(log).last == "behind the removal", "step \(step)")
    }
    #expect(stopped > 0)
  }

  @Test("an input/output error of a write refuses the batch, or ends the log; nothing of it is read")
  func failedWrite() throws {
    for step in 1...6 {
      let disk = SimulatedDisk(seed: UInt64(step))
      let log = try log(on: disk)
      try log.append([batch("acknowledged", after: log.acceptedEnd)])
      try log.flush()
      disk.plan(.inputOutputError, atStep: disk.step + step)
      let large = String(repeating: "x", count: 3500)
      _ = #expect(throws: LogError.self, "step \(step)") {
        while true {
          try log.append([batch(large, after: log.acceptedEnd)])
          try log.flush()
        }
      }
      let end = log.flushedEnd
      let reopened = try self.log(on: disk.afterKill(seed: 1))
      #expect(try values(reopened).first == "acknowledged")
      #expect(reopened.flushedEnd.nextIndex >= end.nextIndex)
    }
  }

  @Test("an append that was refused does not come back after a loss of power, whatever was already on the disk")
  func refusedAppend() throws {
    var refusals = 0
    for step in 1...14 {
      let disk = SimulatedDisk(seed: UInt64(step))
      let log = try log(on: disk)
      try log.append([batch("acknowledged", after: log.acceptedEnd)])
      try log.flush()
      let end = log.acceptedEnd
      let first = batch(String(repeating: "x", count: 3000), after: end)
      let second = batch(
        "in another segment" + String(repeating: "y", count: 3000),
        after: LogEnd(nextIndex: first.index.advanced(by: 1), nextOffset: first.nextOffset, lastTerm: first.term))
      disk.plan(.noSpace, atStep: disk.step + step)
      do throws(LogError) { try log.append([first, second]) } catch {
        guard !log.hasFailed else { continue }
        refusals += 1
        for seed in 0..<20 as Range<UInt64> {
          let reopened = try self.log(on: disk.afterCrash(seed: seed))
          #expect(reopened.acceptedEnd == end, "step \(step) seed \(seed)")
        }
      }
    }
    #expect(refusals > 3)
  }

  @Test("a removal that failed ends the log: removing the next segment would leave a gap", arguments: 1...2)
  func failedRemoval(step: Int) throws {
    let disk = SimulatedDisk(seed: UInt64(step))
    let log = try log(on: disk)
    while log.segmentCount < 4 {
      try log.append([batch(String(repeating: "x", count: 1500), after: log.acceptedEnd)])
      try log.flush()
    }
    disk.plan(.inputOutputError, atStep: disk.step + step)
    #expect(throws: LogError.self) { try log.removeSegments(before: log.flushedEnd.nextOffset) }
    #expect(throws: LogError.self) { try log.removeSegments(before: log.flushedEnd.nextOffset) }
    #expect(try self.log(on: disk.afterKill(seed: 1)).flushedEnd == log.flushedEnd)
  }

  @Test("a directory whose maker was killed before it was synced survives with the log in it")
  func unsyncedDirectory() throws {
    let disk = SimulatedDisk(seed: 1)
    for path in ["/data", "/data/log"] { _ = try disk.makeDirectory(path) }
    let restarted = disk.afterKill(seed: 1)
    let log = try Log(directory: "/data/log", configuration: Self.configuration, fileSystem: restarted)
    try log.append([batch("acknowledged", after: log.acceptedEnd)])
    try log.flush()
    for seed in 0..<20 as Range<UInt64> {
      let log = try Log(
        directory: "/data/log", configuration: Self.configuration, fileSystem: restarted.afterCrash(seed: seed))
      #expect(try values(log) == ["acknowledged"])
    }
  }

  @Test("a time is looked up while a segment is sealed whose batches are not flushed")
  func timeBeforeFlush() throws {
    let log = try log(on: SimulatedDisk(seed: 1))
    try log.append([batch("flushed", after: log.acceptedEnd)])
    try log.flush()
    while log.segmentCount < 3 {
      try log.append([batch(String(repeating: "x", count: 1500), after: log.acceptedEnd)])
    }
    #expect(try log.offset(at: Timestamp(microseconds: 2)) == log.flushedEnd.nextOffset)
  }

  @Test("damage of the last batch is reported after a crash, a restart and a close without another batch")
  func damageAfterRestart() throws {
    let disk = SimulatedDisk(seed: 1)
    let first = try log(on: disk)
    try first.append([batch("value", after: first.acceptedEnd)])
    try first.flush()
    let position = try #require(disk.content(of: Self.store)?.firstRange(of: Array("value".utf8))).lowerBound
    // To the last byte of a batch, as after a torn write was cut.
    let end = position + 5
    try disk.open(Self.store, .existing).truncate(to: UInt64(end))
    let restarted = disk.afterKill(seed: 1)
    try log(on: restarted).close()
    restarted.flip(bit: 0, ofByte: position, in: Self.store)
    #expect(throws: LogError.self) { try log(on: restarted.afterKill(seed: 1)) }
  }

  @Test(
    "a full disk refuses appends as a whole, is read on, also after a restart, and takes appends when there is room")
  func fullDisk() throws {
    let disk = SimulatedDisk(seed: 1)
    var log = try log(on: disk)
    disk.capacityBytes = disk.usedBytes + 64 << 10
    var expected: [String] = []
    var refusals = 0
    while refusals < 10 {
      let batch = batch("\(expected.count) " + String(repeating: "x", count: 700), after: log.acceptedEnd)
      let before = log.acceptedEnd
      do {
        try log.append([batch])
        try log.flush()
        for record in try batch.records { expected.append(String(buffer: record.value)) }
      } catch {
        guard case .noSpace = error as? LogError else { throw error }
        refusals += 1
        #expect(log.acceptedEnd == before)
        #expect(try values(log) == expected)
        if refusals == 5 {
          try log.close()
          log = try self.log(on: disk)
        }
      }
    }
    disk.capacityBytes = nil
    try log.append([batch("room", after: log.acceptedEnd)])
    try log.flush()
    #expect(try values(log) == expected + ["room"])
    #expect(try values(self.log(on: disk.afterCrash(seed: 1))) == expected + ["room"])
  }
}
