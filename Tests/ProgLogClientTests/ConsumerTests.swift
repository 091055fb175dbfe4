import FoundationEssentials
import Testing

@testable import ProgLogClient

@Suite("The client's consumers", .timeLimit(.minutes(1)))
struct ConsumerTests {
  private func values(_ sequence: some AsyncSequence<Record, any Error>) async throws -> [String] {
    var result: [String] = []
    for try await record in sequence { result.append(String(decoding: record.value, as: UTF8.self)) }
    return result
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
    try await log.serve(attemptTimeout: .milliseconds(100)) { client in
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

  @Test("a consumer gives its records as many at a time as are there")
  func givesBatches() async throws {
    let log = FakeLog((0..<7).map(String.init))
    try await log.serve { client in
      var offsets: [UInt64] = []
      for try await batch in client.consume(from: .earliest).batches {
        #expect(!batch.isEmpty)
        offsets += batch.map(\.offset)
      }
      #expect(offsets == Array(0..<7))
    }
  }

  @Test("what was removed before it was read is an error with the range that is left")
  func retention() async throws {
    let log = FakeLog((0..<10).map(String.init))
    log.update {
      $0.breaksAfter = 1
      // It does not get on until the records are gone.
      $0.failures["ConsumeStream"] = [nil] + Array(repeating: FakeLog.goingAway, count: 2_000)
    }
    try await log.serve { client in
      var iterator = client.consume(from: .earliest, follow: true).makeAsyncIterator()
      let first = try await iterator.next()?.offset
      #expect(first == 0)
      // The stream has broken after its first message. The next one comes too late for what was removed.
      log.update { state in
        state.values.removeFirst(8)
        state.start = 8
        state.failures = [:]
      }
      let error = await #expect(throws: ProgLogError.self) {
        while let record = try await iterator.next() { #expect(record.offset < 8) }
      }
      guard case .outOfRange(_, 8..<10) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  @Test(
    "where a consumer ends",
    arguments: [
      (5, 5..<8, nil, 5..<8), (8, 5..<8, nil, nil), (6, 5..<8, 1, 6..<7), (6, 5..<8, .max, 6..<8),
      (6, nil, nil, 6..<(.max)), (6, nil, 4, 6..<10),
    ] as [(UInt64, Range<UInt64>?, UInt64?, Range<UInt64>?)])
  func bounds(first: UInt64, log: Range<UInt64>?, limit: UInt64?, expected: Range<UInt64>?) throws {
    #expect(try ConsumerPlace.bounds(from: first, in: log, limit: limit) == expected)
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
