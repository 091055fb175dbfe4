import FoundationEssentials
import RPCServer
import Testing

@testable import ProgLogClient

@Suite("The client's calls", .timeLimit(.minutes(1)))
struct ProgLogClientTests {
  @Test("what is produced is consumed, with its offset and term")
  func roundTrip() async throws {
    let log = FakeLog()
    try await log.serve { client in
      let first = try await client.produce(Array("a".utf8))
      #expect(first == 0)
      let second = try await client.produce([0, 255, 10])
      #expect(second == 1)
      let record = try await client.consume(at: 1)
      #expect(record == Record(offset: 1, value: [0, 255, 10], term: 3))
      let offsets = try await client.offsets()
      #expect(offsets == 0..<2)
    }
  }

  @Test("the members of the cluster are told")
  func membership() async throws {
    try await FakeLog().serve { client in
      let servers = try await client.servers()
      #expect(servers.map(\.id) == ["node-0"] && servers.allSatisfy(\.isLeader))
    }
  }

  @Test("an offset that the log has not tells what the log has")
  func outOfRange() async throws {
    try await FakeLog(["a", "b"], start: 5).serve { client in
      let error = await #expect(throws: ProgLogError.self) { try await client.consume(at: 7) }
      #expect(error == .outOfRange(requested: 7, range: 5..<7))
      #expect(error?.description == "offset 7 is not in the log: it has 5 to 6")
    }
  }

  @Test("records are appended as one batch, whose offsets are told")
  func producesRecords() async throws {
    let log = FakeLog(["a"])
    try await log.serve { client in
      let offsets = try await client.produce(records: [[1], [], [3]])
      #expect(offsets == 1..<4)
      #expect(log.state.batches == 1)
      let one = try await client.produce(records: [[4]])
      #expect(one == 4..<5)
    }
    #expect(log.state.values == [Array("a".utf8), [1], [], [3], [4]])
  }

  @Test("records whose answer is lost are sent again under their number, and are there once", arguments: [1, 5])
  func lostAnswers(count: Int) async throws {
    let log = FakeLog()
    log.update { $0.lostAnswers = count }
    try await log.serve { client in
      let offsets = try await client.produce(records: [[1], [2], [3]])
      #expect(offsets == 0..<3)
      let next = try await client.produce([4])
      #expect(next == 3)
    }
    #expect(log.state.values == [[1], [2], [3], [4]])
    #expect(log.state.duplicates == count)
  }

  @Test("records that nobody answers for are in doubt when the time is over")
  func doubtfulRecords() async throws {
    var log: FakeLog
    repeat {
      // Another log each time: what was sent at the last moment may still come to the one before.
      log = FakeLog()
      log.update { $0.lostAnswers = .max }
      try await log.serve(timeout: .seconds(2)) { [log] client in
        let error = await #expect(throws: ProgLogError.self) { try await client.produce(records: [[1], [2], [3]]) }
        // On a machine so busy that the time was over before the call was sent, it was in no doubt.
        guard log.calls("Produce") > 0 else { return }
        guard case .outcomeUnknown(records: 3, _) = error else {
          Issue.record("\(String(describing: error))")
          return
        }
        try await log.until { !$0.values.isEmpty }
      }
    } while log.calls("Produce") == 0
    #expect(log.state.values == [[1], [2], [3]])
  }

  @Test("calls that append at the same time do not get in each other's way")
  func concurrentProduces() async throws {
    let log = FakeLog()
    log.update { $0.lostAnswers = 7 }
    try await log.serve { client in
      let offsets = try await withThrowingTaskGroup(of: UInt64.self) { group in
        for number in 0..<40 { group.addTask { try await client.produce([UInt8(number)]) } }
        return try await group.reduce(into: Set<UInt64>()) { $0.insert($1) }
      }
      #expect(offsets == Set(0..<40))
    }
    #expect(Set(log.state.values) == Set((0..<40).map { [UInt8($0)] }))
    #expect(log.state.producers.count <= 16)
  }

  @Test(
    "the offset of a time is found", arguments: [(-1e30, 5), (0, 5), (5.000_001, 6), (1e30, 7)] as [(Double, UInt64)])
  func offsetOfTime(seconds: Double, offset: UInt64) async throws {
    try await FakeLog(["a", "b"], start: 5).serve { client in
      let found = try await client.offset(at: Date(timeIntervalSince1970: seconds))
      #expect(found == offset)
    }
  }

  @Test("a read can wait for a record that is still to come, and gives up in time")
  func waits() async throws {
    let log = FakeLog(["a"])
    try await log.serve { client in
      let there = try await client.consume(at: 0, waitingUpTo: .seconds(60))
      #expect(there?.value == Array("a".utf8))
      let nothing = try await client.consume(at: 1, waitingUpTo: .milliseconds(20))
      #expect(nothing == nil)
      async let coming = client.consume(at: 1, waitingUpTo: .seconds(60))
      log.append("b".utf8)
      let came = try await coming
      #expect(came?.value == Array("b".utf8))
      let error = await #expect(throws: ProgLogError.self) {
        try await client.consume(at: 3, waitingUpTo: .seconds(60))
      }
      #expect(error == .outOfRange(requested: 3, range: 0..<2))
    }
  }

  @Test("a read is tried again when the server is briefly unavailable")
  func retriesReads() async throws {
    let log = FakeLog(["a"])
    let unavailable = RPCStatus(.unavailable, "restarting")
    log.update { $0.failures["Consume"] = [unavailable, unavailable] }
    try await log.serve { client in
      let value = try await client.consume(at: 0).value
      #expect(value == Array("a".utf8))
    }
    #expect(log.calls("Consume") == 3)
  }

  @Test("a read gives up when its time is over")
  func givesUp() async throws {
    let log = FakeLog(["a"])
    let unavailable = RPCStatus(.unavailable, "restarting")
    log.update { $0.failures["Consume"] = Array(repeating: unavailable, count: 2_000) }
    try await log.serve(timeout: .seconds(2)) { client in
      var error: ProgLogError?
      repeat {
        error = await #expect(throws: ProgLogError.self) { try await client.consume(at: 0) }
        // On a busy machine the time may be over before there is a second attempt.
      } while log.calls("Consume") < 2
      switch error {
      case .unavailable(_, "restarting"), .deadlineExceeded: break
      default: Issue.record("\(String(describing: error))")
      }
    }
  }

  @Test(
    "a produce whose failure does not pass is not sent again, and its outcome is open",
    arguments: [RPCStatus.Code.internal, .unknown])
  func openOutcome(code: RPCStatus.Code) async throws {
    let log = FakeLog()
    log.update { $0.failures["Produce"] = [RPCStatus(code, "lost")] }
    try await log.serve { client in
      let error = await #expect(throws: ProgLogError.self) { try await client.produce([1]) }
      guard case .outcomeUnknown(records: 1, _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    #expect(log.calls("Produce") == 1)
  }

  @Test("a produce that the server refuses is not in doubt, and the server's details arrive")
  func refusals() async throws {
    let log = FakeLog()
    log.update { $0.failures["Produce"] = [RPCStatus(.permissionDenied, "nobody not permitted")] }
    try await log.serve { client in
      let second = await #expect(throws: ProgLogError.self) { try await client.produce([1]) }
      #expect(second?.description == "the server answered PERMISSION_DENIED: nobody not permitted")
    }
  }

  @Test("a server that does not answer is given up after the timeout; a produce is in doubt then")
  func deadlines() async throws {
    let log = FakeLog(["a"])
    try await log.serve(timeout: .milliseconds(500), attemptTimeout: .milliseconds(500)) { client in
      // Connected, however long that takes, so that the time below is the server's alone.
      while (try? await client.consume(at: 0)) == nil { try Task.checkCancellation() }
      log.update { $0.isSilent = true }
      let read = await #expect(throws: ProgLogError.self) { try await client.consume(at: 0) }
      guard case .deadlineExceeded = read else {
        Issue.record("\(String(describing: read))")
        return
      }
      var write: ProgLogError?
      repeat {
        write = await #expect(throws: ProgLogError.self) { try await client.produce([1]) }
        // On a machine so busy that the time was over before the call was sent, it was in no doubt.
        guard case .deadlineExceeded = write else { break }
      } while log.calls("Produce") == 0
      guard case .outcomeUnknown(records: 1, let cause) = write else {
        Issue.record("\(String(describing: write))")
        return
      }
      #expect(cause.contains("for an answer of 127.0.0.1:"))
    }
  }

  @Test("nobody listening is said so, and nothing is in doubt")
  func unreachable() async throws {
    var configuration = ClientConfiguration(seeds: [try NodeAddress(parsing: "127.0.0.1:1")])
    configuration.discoveryTimeout = .zero
    // The answer comes at once, but on a busy machine the client does not get to it.
    configuration.timeout = .seconds(60)
    try await ProgLogClient.withClient(configuration) { client in
      let error = await #expect(throws: ProgLogError.self) { try await client.produce([1]) }
      #expect(error?.description == "cannot reach 127.0.0.1:1: connection refused: is logd running there?")
    }
  }

  @Test("a seed that is down is passed over, even for a produce, which was not sent to it")
  func passesOverSeeds() async throws {
    try await FakeLog().serve(extraSeeds: ["127.0.0.1:1"]) { client in
      let first = try await client.produce([1])
      #expect(first == 0)
      let second = try await client.produce([2])
      #expect(second == 1)
    }
  }

  @Test("a cancelled task gets CancellationError")
  func cancellation() async throws {
    let log = FakeLog(["a"])
    try await log.serve { client in
      _ = try await client.offsets()
      log.update { $0.isSilent = true }
      await #expect(throws: CancellationError.self) {
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { _ = try await client.consume(at: 0) }
          try await log.until { $0.calls["Consume"] == 1 }
          group.cancelAll()
          try await group.next()
        }
      }
    }
  }

  @Test(
    "addresses are HOST:PORT",
    arguments: [
      ("127.0.0.1:8400", "127.0.0.1", 8400), ("log-0.example.com:1", "log-0.example.com", 1),
      ("[::1]:65535", "::1", 65_535),
    ])
  func addresses(text: String, host: String, port: Int) throws {
    let address = try NodeAddress(parsing: text)
    #expect(address.host == host)
    #expect(address.port == port)
    #expect(address.description == text)
  }

  @Test(
    "what is not an address is refused",
    arguments: [
      "", "localhost", ":8400", "a:", "a:0", "a:65536", "a:-1", "a:+1", "::1:8400", "[]:1", "a b:1", "http://a:1",
    ])
  func badAddresses(text: String) {
    #expect(throws: ProgLogError.self) { try NodeAddress(parsing: text) }
  }
}
