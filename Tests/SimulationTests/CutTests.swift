import CommitLog
import NIOCore
import Simulation
import Synchronization
import Testing

/// Cuts from the back on a disk that stops, fails or is full.
@Suite("Cuts of a log from the back")
struct CutTests {
  private static let configuration = Log.Configuration(
    maximumStoreBytes: 16 << 10, maximumIndexBytes: 200, preallocationBytes: 1024, tailCacheBytes: 0)

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

  /// A log of batches as long as that many bytes, each flushed, with marks between them.
  private func log(on disk: SimulatedDisk, batches: Int, bytes: Int) throws -> Log {
    let log = try log(on: disk)
    for number in 0..<batches {
      try log.append([batch("\(number) " + String(repeating: "x", count: bytes), after: log.acceptedEnd)])
      try log.flush()
    }
    return log
  }

  @Test("a cut whose zeroed block came before its length is finished, not taken for damage")
  func zeroedBlock() throws {
    let disk = SimulatedDisk(seed: 1)
    let log = try log(on: disk, batches: 6, bytes: 1500)
    let before = try #require(disk.content(of: Self.store))
    disk.recordMoments()
    try log.truncate(from: LogIndex(2))
    let length = try #require(disk.content(of: Self.store)).count
    let truncated = try #require(
      disk.takeMoments().first { moment in
        if case .truncate(Self.store, _, _) = moment.operation { moment.place == .after } else { false }
      })
    var zeroed = 0
    for seed in 0..<300 as Range<UInt64> {
      let crashed = SimulatedDisk(seed: seed, image: truncated.image).afterCrash(seed: seed)
      let found = try #require(crashed.content(of: Self.store))
      // The whole of the first block behind the cut, and the old bytes of the others.
      if found.count == before.count, found[length..<4096].allSatisfy({ $0 == 0 }), found[4096...] == before[4096...] {
        zeroed += 1
      }
      let reopened = try self.log(on: crashed)
      #expect(reopened.flushedEnd.nextIndex == LogIndex(2), "seed \(seed)")
      #expect(reopened.recovery.finishedCut != nil && reopened.recovery.tornTail == nil)
    }
    #expect(zeroed > 4)
  }

  @Test("a note whose name no sync has seen is synced before the cut is done again")
  func unsyncedNote() throws {
    let disk = SimulatedDisk(seed: 1)
    let log = try log(on: disk, batches: 6, bytes: 1500)
    let end = log.acceptedEnd
    disk.recordMoments()
    try log.truncate(from: LogIndex(2))
    let named = try #require(
      disk.takeMoments().first { moment in
        if case .rename = moment.operation { moment.place == .after } else { false }
      })
    // The process is killed there: the name is in the page cache alone. The next one begins to do the cut, and the power goes.
    let killed = SimulatedDisk(seed: 1, image: named.image)
    killed.recordMoments()
    #expect(try self.log(on: killed).recovery.finishedCut != nil)
    let truncated = try #require(
      killed.takeMoments().first { moment in
        if case .truncate(Self.store, _, _) = moment.operation { moment.place == .after } else { false }
      })
    for seed in 0..<300 as Range<UInt64> {
      let crashed = SimulatedDisk(seed: seed, image: truncated.image).afterCrash(seed: seed)
      let found = try self.log(on: crashed).flushedEnd
      #expect(found.nextIndex == LogIndex(2) || found == end, "seed \(seed)")
    }
  }

  @Test(
    "a cut stopped at any step, and its redoing at any step, leaves the log before it or after it",
    arguments: [0, 1, 3])
  func stopped(unflushed: Int) throws {
    for step in 1...36 {
      let disk = SimulatedDisk(seed: UInt64(step))
      let log = try log(on: disk, batches: 14, bytes: 1500)
      for number in 0..<unflushed { try log.append([batch("not flushed \(number)", after: log.acceptedEnd)]) }
      let end = log.acceptedEnd
      // In the segment before the last one, or among the batches that no sync has seen.
      let index = unflushed < 2 ? LogIndex(7) : LogIndex(16)
      disk.plan(.stop(step % 2 == 0 ? .before : .after), atStep: disk.step + (step + 1) / 2)
      do throws(LogError) { try log.truncate(from: index) } catch { #expect(disk.isStopped) }
      for seed in 0..<6 as Range<UInt64> {
        let crashed = seed == 0 ? disk.afterKill(seed: seed) : disk.afterCrash(seed: seed)
        if seed % 3 != 1 {
          crashed.plan(.stop(.after), atStep: Int(seed) + 1)
          _ = try? self.log(on: crashed)
        }
        let reopened = try self.log(on: seed % 3 == 1 ? crashed : crashed.afterCrash(seed: seed &+ 100))
        let found = reopened.flushedEnd.nextIndex
        if disk.isStopped {
          // What was not synced may be gone, whether the cut is done or not.
          #expect(found == index || found >= LogIndex(15), "step \(step) seed \(seed)")
          #expect(found <= end.nextIndex)
        } else {
          #expect(found == index, "step \(step) seed \(seed)")
        }
      }
    }
  }

  @Test("a disk too full for the note refuses the cut, and the log goes on as it was")
  func fullDisk() throws {
    for step in 1...3 {
      let disk = SimulatedDisk(seed: UInt64(step))
      let log = try log(on: disk, batches: 5, bytes: 3000)
      let end = log.acceptedEnd
      disk.plan(.noSpace, atStep: disk.step + step)
      let error = #expect(throws: LogError.self, "step \(step)") { try log.truncate(from: LogIndex(2)) }
      if case .syncFailed = error {
        // Of the note: the kernel found out when it wrote the page. That says nothing good of the others.
        #expect(log.hasFailed)
        continue
      }
      #expect(!log.hasFailed && log.acceptedEnd == end && log.flushedEnd == end)
      try log.append([batch("goes on", after: end)])
      try log.flush()
      #expect(try self.log(on: disk.afterCrash(seed: 1)).flushedEnd == log.flushedEnd)
      try log.truncate(from: LogIndex(2))
      #expect(try self.log(on: disk.afterCrash(seed: 1)).flushedEnd.nextIndex == LogIndex(2))
    }
  }

  @Test("a writer says where the log still ends when a cut was refused, and drops what waits behind it")
  func refusedWriter() throws {
    let disk = SimulatedDisk(seed: 1)
    let log = try log(on: disk, batches: 5, bytes: 100)
    let end = log.acceptedEnd
    let events = Mutex<[String]>([])
    let writer = LogWriter(log: log) { event in
      switch event {
      case .refused(let end, .noSpace): events.withLock { $0.append("refused, ends before \(end.nextIndex)") }
      default: events.withLock { $0.append("\(event)") }
      }
    }
    disk.plan(.noSpace, atStep: disk.step + 1)
    try writer.submitTruncation(from: LogIndex(3))
    writer.shutdown()
    #expect(events.withLock { $0 } == ["refused, ends before \(end.nextIndex)"])
    #expect(log.acceptedEnd == end && !log.hasFailed)
  }

  @Test("after an error at any step of a cut the log is as it was, or fails and is opened with the cut done or not")
  func failed() throws {
    var refusals = 0
    for step in 1...12 {
      let disk = SimulatedDisk(seed: UInt64(step))
      let log = try log(on: disk, batches: 10, bytes: 3000)
      let end = log.acceptedEnd
      disk.plan(.inputOutputError, atStep: disk.step + step)
      do throws(LogError) { try log.truncate(from: LogIndex(2)) } catch {
        if !log.hasFailed {
          refusals += 1
          #expect(log.acceptedEnd == end)
          continue
        }
      }
      for seed in 0..<20 as Range<UInt64> {
        let reopened = try self.log(on: seed == 0 ? disk.afterKill(seed: 0) : disk.afterCrash(seed: seed))
        #expect(reopened.flushedEnd.nextIndex == LogIndex(2) || reopened.flushedEnd == end, "step \(step) seed \(seed)")
      }
    }
    #expect(refusals >= 2)
  }
}
