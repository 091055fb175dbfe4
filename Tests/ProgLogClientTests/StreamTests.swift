import FoundationEssentials
import Testing

@testable import ProgLogClient

private struct SourceFailure: Error {}

/// Values that end in a failure.
private struct FailingValues: AsyncSequence, Sendable {
  let count: Int

  struct AsyncIterator: AsyncIteratorProtocol {
    var left: Int

    mutating func next() async throws -> [UInt8]? {
      guard self.left > 0 else { throw SourceFailure() }
      self.left -= 1
      return [1]
    }
  }

  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(left: self.count) }
}

/// The values `0`, `1`, … as text.
private func numbers(_ count: Int) -> AsyncStream<[UInt8]> {
  AsyncStream { continuation in
    for number in 0..<count { continuation.yield(Array("\(number)".utf8)) }
    continuation.finish()
  }
}

@Suite("The client's streams", .timeLimit(.minutes(1)))
struct StreamTests {
  private func offsets(_ sequence: some AsyncSequence<UInt64, any Error>) async throws -> [UInt64] {
    var result: [UInt64] = []
    for try await offset in sequence { result.append(offset) }
    return result
  }

  private func values(_ sequence: some AsyncSequence<Record, any Error>) async throws -> [String] {
    var result: [String] = []
    for try await record in sequence { result.append(String(decoding: record.value, as: UTF8.self)) }
    return result
  }

  @Test("a stream of values gives their offsets in order")
  func producesInOrder() async throws {
    let log = FakeLog()
    try await log.serve { client in
      let produced = try await self.offsets(client.produce(numbers(2_000)))
      #expect(produced == Array(0..<2_000))
    }
    #expect(log.state.values.map { String(decoding: $0, as: UTF8.self) } == (0..<2_000).map(String.init))
  }

  @Test("a stream sends no more than its bound allows without an answer")
  func boundsUnacknowledged() async throws {
    let log = FakeLog()
    log.update { $0.holdsAnswers = true }
    try await log.serve { client in
      // Each record is charged its 6 bytes and 64: 10 of them fit into 700.
      let values = AsyncStream<[UInt8]> { continuation in
        for _ in 0..<50 { continuation.yield([1, 2, 3, 4, 5, 6]) }
        continuation.finish()
      }
      async let offsets = self.offsets(client.produce(values, maximumUnacknowledgedBytes: 700))
      try await log.until { $0.received >= 10 }
      // A call's way there and back is time enough for an eleventh to show.
      _ = try await client.servers()
      _ = try await client.servers()
      #expect(log.state.received == 10)
      log.update { $0.holdsAnswers = false }
      let acknowledged = try await offsets
      #expect(acknowledged == Array(0..<50))
    }
  }

  @Test("a stream that breaks tells how many records are in doubt")
  func countsDoubtful() async throws {
    let log = FakeLog()
    log.update {
      $0.holdsAnswers = true
      $0.breaksAfter = 4
    }
    try await log.serve { client in
      let error = await #expect(throws: ProgLogError.self) {
        // Room for four: what is unanswered is what was sent.
        try await self.offsets(client.produce(numbers(50), maximumUnacknowledgedBytes: 4 * 65))
      }
      guard case .outcomeUnknown(records: 4, _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    #expect(log.calls("ProduceStream") == 1)
  }

  @Test("answers that stay out end a produce stream after the timeout")
  func produceStalls() async throws {
    var received = 0
    repeat {
      let log = FakeLog()
      log.update { $0.holdsAnswers = true }
      try await log.serve(timeout: .milliseconds(300)) { client in
        let error = await #expect(throws: ProgLogError.self) { try await self.offsets(client.produce(numbers(3))) }
        received = log.state.received
        guard case .outcomeUnknown(let records, _) = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        #expect(records >= received && records <= 3)
      }
      try Task.checkCancellation()
      // On a machine so busy that the time was over before all three were sent, it says nothing on the third.
    } while received < 3
  }

  @Test("what the values' source throws is what the stream throws")
  func sourceFails() async throws {
    try await FakeLog().serve { client in
      await #expect(throws: SourceFailure.self) {
        try await self.offsets(client.produce(FailingValues(count: 3)))
      }
    }
  }

  @Test(
    "without following, a consumer ends behind the newest record",
    arguments: [
      (ConsumePosition.earliest, nil, ["a", "b", "c"]), (.latest, nil, []), (.offset(6), nil, ["b", "c"]),
      (.offset(8), nil, []), (.earliest, 2, ["a", "b"]), (.earliest, 0, []), (.offset(7), 99, ["c"]),
      (.offset(7), .max, ["c"]),
    ] as [(ConsumePosition, UInt64?, [String])])
  func consumesToTheEnd(position: ConsumePosition, limit: UInt64?, expected: [String]) async throws {
    try await FakeLog(["a", "b", "c"], start: 5).serve { client in
      let values = try await self.values(client.consume(from: position, limit: limit))
      #expect(values == expected)
    }
  }

  @Test("a start outside of the log is an error", arguments: [4, 9] as [UInt64])
  func startsOutside(offset: UInt64) async throws {
    try await FakeLog(["a", "b", "c"], start: 5).serve { client in
      let error = await #expect(throws: ProgLogError.self) {
        try await self.values(client.consume(from: .offset(offset)))
      }
      #expect(error == .outOfRange(requested: offset, range: 5..<8))
    }
  }

  @Test("a follower waits for records to come, longer than the timeout")
  func follows() async throws {
    let log = FakeLog(["a"])
    try await log.serve(timeout: .milliseconds(100)) { client in
      var iterator = client.consume(from: .offset(0), follow: true, limit: 3).makeAsyncIterator()
      let first = try await iterator.next()?.offset
      #expect(first == 0)
      // No condition to wait for: that time passes and nothing happens is the point.
      try await Task.sleep(for: .milliseconds(250))
      _ = log.append("b".utf8)
      _ = log.append("c".utf8)
      let second = try await iterator.next()?.offset
      #expect(second == 1)
      let third = try await iterator.next()?.offset
      #expect(third == 2)
      let end = try await iterator.next()
      #expect(end == nil)
    }
  }

  @Test("from the latest, a follower sees only what comes")
  func followsFromLatest() async throws {
    let log = FakeLog(["a", "b"])
    try await log.serve { client in
      async let seen = self.values(client.consume(from: .latest, follow: true, limit: 1))
      try await log.until { $0.calls["ConsumeStream"] == 1 }
      _ = log.append("c".utf8)
      let news = try await seen
      #expect(news == ["c"])
    }
  }

  @Test("records come many in a message, from a server that can do that", arguments: [(false, 4), (true, 7)])
  func consumesBatches(knowsOnlyRecords: Bool, messages: Int) async throws {
    let log = FakeLog((0..<9).map(String.init))
    log.update { $0.knowsOnlyRecords = knowsOnlyRecords }
    try await log.serve { client in
      let values = try await self.values(client.consume(from: .offset(2), limit: 5))
      #expect(values == (2..<7).map(String.init))
    }
    // All that it has at once, two records in a message at most.
    #expect(log.state.sent == messages)
  }

  @Test(
    "a consumer can begin at a time",
    arguments: [(-5.0, ["a", "b", "c"]), (5.5, ["b", "c"]), (99, [])] as [(Double, [String])])
  func consumesFromTime(seconds: Double, expected: [String]) async throws {
    try await FakeLog(["a", "b", "c"], start: 5).serve { client in
      let values = try await self.values(client.consume(from: .time(Date(timeIntervalSince1970: seconds))))
      #expect(values == expected)
    }
  }

  @Test("a stream of batches gives the offsets of each, and empty batches are passed over")
  func producesBatches() async throws {
    let log = FakeLog(["a"])
    try await log.serve { client in
      let batches: [[[UInt8]]] = [[[1], [2], [3]], [], [[4]], [[5], [6]]]
      let source = AsyncStream { continuation in
        for batch in batches { continuation.yield(batch) }
        continuation.finish()
      }
      var offsets: [Range<UInt64>] = []
      for try await range in client.produce(batches: source) { offsets.append(range) }
      #expect(offsets == [1..<4, 4..<5, 5..<7])
    }
    #expect(log.state.values == [Array("a".utf8), [1], [2], [3], [4], [5], [6]])
    // One record goes as proglog's own field.
    #expect(log.state.batches == 2)
  }

  @Test("a stream of batches that breaks tells how many records are in doubt")
  func countsDoubtfulBatches() async throws {
    let log = FakeLog()
    log.update {
      $0.holdsAnswers = true
      $0.breaksAfter = 2
    }
    try await log.serve { client in
      let source = AsyncStream<[[UInt8]]> { continuation in
        for _ in 0..<9 { continuation.yield([[1], [2], [3]]) }
        continuation.finish()
      }
      let error = await #expect(throws: ProgLogError.self) {
        // Room for two batches of three records.
        for try await _ in client.produce(batches: source, maximumUnacknowledgedBytes: 6 * 65) {}
      }
      guard case .outcomeUnknown(records: 6, _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test("a consumer whose stream breaks goes on without gap or repeat")
  func resumes() async throws {
    let log = FakeLog((0..<10).map(String.init))
    log.update { $0.breaksAfter = 2 }
    try await log.serve { client in
      let values = try await self.values(client.consume(from: .earliest))
      #expect(values == (0..<10).map(String.init))
    }
    #expect(log.calls("ConsumeStream") == 2)
  }

  @Test("who stops iterating ends the call")
  func stopsIterating() async throws {
    let log = FakeLog(["a"])
    try await log.serve { client in
      for try await _ in client.consume(from: .offset(0), follow: true) { break }
      try await log.until { $0.cancelled == 1 }
    }
    #expect(log.calls("ConsumeStream") == 1)
  }

  @Test("a slow reader makes the stream wait: no more is read ahead than the bound")
  func boundsReadAhead() async throws {
    let channel = BoundedChannel<Int>(limit: 100)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for number in 0..<1_000 { try await channel.send(number, bytes: 10) }
        channel.finish(.success(()))
      }
      var next = 0
      while let batch = try await channel.receive() {
        #expect(batch.count <= 10)
        #expect(batch == Array(next..<(next + batch.count)))
        next += batch.count
      }
      #expect(next == 1_000)
      try await group.waitForAll()
    }
  }
}
