import NIOCore
import Synchronization
import Testing

@testable import CommitLog

@Suite("Log writer")
struct LogWriterTests {
  /// Events of a writer, for the test to wait for.
  final class Events: Sendable {
    let all = Mutex<[LogWriterEvent]>([])
    let arrived = Semaphore()

    func add(_ event: LogWriterEvent) {
      all.withLock { $0.append(event) }
      arrived.post()
    }

    var flushes: [(Flushed, DrainStatistics)] {
      all.withLock {
        $0.compactMap { if case .flushed(let end, _, let statistics) = $0 { (end, statistics) } else { nil } }
      }
    }
  }

  final class Flag: Sendable {
    let isDone = Atomic(false)
  }

  @Test("what is submitted is flushed in order, in fewer drains than batches, and before shutdown returns")
  func groupCommit() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: medium)
    let events = Events()
    let writer = LogWriter(log: log) { events.add($0) }
    var end = log.acceptedEnd
    for number in 0..<2000 {
      let batch = log.next(["value \(number)"], after: end)
      end = end.after(batch)
      try writer.submit([batch])
    }
    writer.shutdown()
    #expect(throws: LogWriterError.stopped) { try writer.submit([log.next(["late"])]) }
    #expect(log.flushedEnd == end)
    #expect(try log.values() == (0..<2000).map { "value \($0)" })
    let flushes = events.flushes
    #expect(flushes.last?.0.end == end && flushes.reduce(0) { $0 + $1.1.batches } == 2000)
    #expect(flushes.count < 2000)
  }

  @Test("the queue is bounded in bytes")
  func bounded() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path)
    let gate = Semaphore()
    let entered = Semaphore()
    let writer = LogWriter(log: log, maximumQueuedBytes: 1000) { _ in
      entered.post()
      gate.wait()
    }
    var end = log.acceptedEnd
    func submit() throws {
      let batch = log.next([String(repeating: "x", count: 400)], after: end)
      try writer.submit([batch])
      end = end.after(batch)
    }
    try submit()
    entered.wait()
    try submit()
    try submit()
    #expect(throws: LogWriterError.queueFull(queuedBytes: writer.queuedBytes, limit: 1000)) { try submit() }
    for _ in 0..<2 { gate.post() }
    writer.shutdown()
    #expect(log.flushedEnd == end)
  }

  @Test("a refused write drops what waits, and the writer goes on when told to")
  func refusal() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path)
    let events = Events()
    let writer = LogWriter(log: log) { events.add($0) }
    try writer.submit([
      log.next(["wrong"], after: LogEnd(nextIndex: LogIndex(9), nextOffset: Offset(0), lastTerm: Term(0)))
    ])
    events.arrived.wait()
    guard case .refused(log.acceptedEnd, let error) = events.all.withLock({ $0.first }) else {
      Issue.record("no refusal")
      return
    }
    #expect(throws: LogWriterError.refusing(error)) { try writer.submit([log.next(["right"])]) }
    writer.resume()
    try writer.submit([log.next(["right"])])
    writer.shutdown()
    #expect(try log.values() == ["right"])
  }

  @Test("cuts from back and front happen in order with the batches")
  func cuts() throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: small)
    let writer = LogWriter(log: log) { _ in }
    var end = log.acceptedEnd
    var ends = [end]
    for number in 0..<30 {
      let batch = log.next(["value \(number)"], after: end)
      try writer.submit([batch])
      end = end.after(batch)
      ends.append(end)
    }
    try writer.submitTruncation(from: LogIndex(21))
    try writer.submit([log.next(["other"], term: Term(2), after: ends[20])])
    try writer.submitRemoval(before: Offset(15))
    writer.shutdown()
    let values = try log.values()
    #expect(values.suffix(2) == ["value 19", "other"])
    #expect(log.startOffset > Offset(5) && log.startOffset <= Offset(15))
  }

  @Test("readers see whole, growing batches while a writer writes and cuts")
  func concurrentReaders() async throws {
    let directory = try TemporaryDirectory()
    let log = try Log(directory: directory.path, configuration: small)
    try log.add(["value 0"])
    try log.flush()
    let flag = Flag()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<2 {
        group.addTask {
          while !flag.isDone.load(ordering: .acquiring) {
            let values = try log.read(from: Offset(0), maximumBytes: .max).flatMap { try Array($0.records) }
            for (number, record) in values.enumerated() where String(buffer: record.value) != "value \(number)" {
              Issue.record("offset \(number) holds \(record)")
            }
          }
        }
      }
      for round in 1..<60 {
        for _ in 0..<5 { try log.add(["value \(log.acceptedEnd.nextOffset)"]) }
        try log.flush()
        if round % 3 == 0 { try log.truncate(from: LogIndex(log.acceptedEnd.nextIndex.rawValue - 7)) }
      }
      flag.isDone.store(true, ordering: .releasing)
      try await group.waitForAll()
    }
  }
}
