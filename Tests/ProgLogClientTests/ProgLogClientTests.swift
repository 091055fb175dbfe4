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
      #expect(servers == [ClusterServer(id: "node-0", address: "127.0.0.1:8400", isLeader: true)])
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

  @Test("a batch whose answer is lost leaves all its records in doubt")
  func doubtfulRecords() async throws {
    let log = FakeLog()
    log.update { $0.failures["Produce"] = [RPCStatus(.unavailable, "lost")] }
    try await log.serve { client in
      let error = await #expect(throws: ProgLogError.self) { try await client.produce(records: [[1], [2], [3]]) }
      guard case .outcomeUnknown(records: 3, _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
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

  @Test("a read gives up after its attempts")
  func givesUp() async throws {
    let log = FakeLog(["a"])
    let unavailable = RPCStatus(.unavailable, "restarting")
    log.update { $0.failures["Consume"] = Array(repeating: unavailable, count: 9) }
    try await log.serve { client in
      let error = await #expect(throws: ProgLogError.self) { try await client.consume(at: 0) }
      guard case .unavailable(_, "restarting") = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    #expect(log.calls("Consume") == 4)
  }

  @Test(
    "a produce that was sent is never sent again, and its outcome is open",
    arguments: [RPCStatus.Code.unavailable, .internal, .unknown])
  func neverDoubles(code: RPCStatus.Code) async throws {
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
    let notLeader = RPCStatus(
      .failedPrecondition, "not the leader", reason: "NOT_LEADER", ["leader_rpc_addr": "10.0.0.2:8400"])
    log.update { $0.failures["Produce"] = [notLeader, RPCStatus(.permissionDenied, "nobody not permitted")] }
    try await log.serve { client in
      let first = await #expect(throws: ProgLogError.self) { try await client.produce([1]) }
      guard case .notLeader(_, leader: "10.0.0.2:8400") = first else {
        Issue.record("\(String(describing: first))")
        return
      }
      let second = await #expect(throws: ProgLogError.self) { try await client.produce([1]) }
      #expect(second?.description == "the server answered PERMISSION_DENIED: nobody not permitted")
    }
  }

  @Test("a server that does not answer is given up after the timeout; a produce is in doubt then")
  func deadlines() async throws {
    let log = FakeLog(["a"])
    try await log.serve(timeout: .milliseconds(500)) { client in
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
      #expect(cause.hasSuffix("did not answer within 0.5 seconds"))
    }
  }

  @Test("nobody listening is said so, and nothing is in doubt")
  func unreachable() async throws {
    var configuration = ClientConfiguration(seeds: [try NodeAddress(parsing: "127.0.0.1:1")])
    configuration.retry = .never
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
    log.update { $0.isSilent = true }
    try await log.serve { client in
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
    "pauses double up to their maximum and are shortened by up to half",
    arguments: [(1, 0.0, 100), (2, 0.0, 200), (3, 1.0, 200), (7, 0.0, 5_000), (1_000, 0.5, 3_750)])
  func pauses(attempt: Int, random: Double, milliseconds: Int) {
    let retry = ClientConfiguration.Retry.defaults
    #expect(retry.pause(beforeAttempt: attempt, random: random) == .milliseconds(milliseconds))
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
