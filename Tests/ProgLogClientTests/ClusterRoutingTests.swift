import RPCServer
import Synchronization
import Testing

@testable import ProgLogClient

/// Acknowledgements that a closure leaves behind.
final class LockedList: Sendable {
  private let list = Mutex<[Acknowledgement]>([])

  var all: [Acknowledgement] { self.list.withLock { $0 } }

  func append(_ acknowledgement: Acknowledgement) { self.list.withLock { $0.append(acknowledgement) } }
}

@Suite("A client among several servers", .timeLimit(.minutes(1)))
struct ClusterRoutingTests {
  @Test("consumers spread over the followers, and what appends goes to the leader")
  func spreads() async throws {
    let log = FakeLog(["a"])
    log.update { $0.leader = 1 }
    try await log.serve(nodes: 3) { client in
      for _ in 0..<6 {
        for try await record in client.consume(from: .offset(0), follow: true, limit: 1) { #expect(record.offset == 0) }
      }
      _ = try await client.produce([1])
      let producer = client.makeProducer()
      _ = try await producer.send([2]).offset
    }
    let calls = log.state.callsOfNodes
    #expect(calls["ConsumeStream@0"] == 3 && calls["ConsumeStream@1"] == nil && calls["ConsumeStream@2"] == 3)
    #expect(calls["Produce@1"] == 1 && calls["ProduceStream@1"] == 1)
    #expect(log.calls("Produce") == 1 && log.calls("ProduceStream") == 1)
  }

  /// What happens to the leader, node 0, in the middle of the records. Node 1 leads then.
  enum Loss: CaseIterable, CustomTestStringConvertible {
    case deposed
    case stopped
    case hung

    var testDescription: String { "\(self)" }

    func happen(to log: FakeLog) {
      log.update { state in
        state.leader = 1
        switch self {
        case .deposed: break
        case .stopped: state.down.insert(0)
        case .hung: state.silent.insert(0)
        }
      }
    }
  }

  @Test("producers and calls go on at the next leader, and each record is there once", arguments: Loss.allCases)
  func leaderIsLost(loss: Loss) async throws {
    let log = FakeLog()
    try await log.serve(nodes: 3, attemptTimeout: .milliseconds(500), seedNodes: [0, 1, 2]) { client in
      var configuration = ProducerConfiguration()
      configuration.batchRecords = 3
      let producer = client.makeProducer(configuration)
      var acknowledgements: [Acknowledgement] = []
      for number in 0..<100 { acknowledgements.append(try await producer.send([UInt8(number)])) }
      _ = try await acknowledgements[20].offset
      loss.happen(to: log)
      for number in 100..<200 { acknowledgements.append(try await producer.send([UInt8(number)])) }
      var offsets: [UInt64] = []
      for acknowledgement in acknowledgements { offsets.append(try await acknowledgement.offset) }
      #expect(offsets == Array(0..<200))
      let offset = try await client.produce([200])
      #expect(offset == 200)
      try await producer.close()
    }
    #expect(log.state.values == (0...200).map { [UInt8($0)] })
  }

  @Test("a call follows from server to server until one leads")
  func callsAreLed() async throws {
    let log = FakeLog()
    try await log.serve(nodes: 3) { client in
      let first = try await client.produce([0])
      #expect(first == 0)
      log.update { $0.leader = 2 }
      let second = try await client.produce([1])
      #expect(second == 1)
      // Nobody leads for a while.
      log.update { $0.leader = nil }
      async let third = client.produce([2])
      try await log.until { $0.calls["Produce", default: 0] >= 4 }
      log.update { $0.leader = 1 }
      let offset = try await third
      #expect(offset == 2)
    }
    #expect(log.state.values == [[0], [1], [2]])
  }

  @Test("a consumer whose server is lost goes on at another, without gap or repeat", arguments: [false, true])
  func consumerGoesOn(isSilent: Bool) async throws {
    let log = FakeLog((0..<10).map(String.init))
    try await log.serve(nodes: 3, attemptTimeout: .milliseconds(300)) { client in
      var offsets: [UInt64] = []
      for try await record in client.consume(from: .offset(0), follow: true, limit: 50) {
        offsets.append(record.offset)
        if offsets.count == 10 {
          log.update { state in
            let reader = state.callsOfNodes["ConsumeStream@1"] != nil ? 1 : 2
            if isSilent { state.silent.insert(reader) } else { state.down.insert(reader) }
            state.values += (10..<50).map { Array("\($0)".utf8) }
          }
        }
      }
      #expect(offsets == Array(0..<50))
    }
  }

  @Test("a consumer that waits at the end of the log leaves a server that hears of no leader")
  func leavesLonelyServer() async throws {
    let log = FakeLog(["a"])
    try await log.serve(nodes: 3, attemptTimeout: .milliseconds(500)) { client in
      var iterator = client.consume(from: .offset(0), follow: true).makeAsyncIterator()
      _ = try await iterator.next()
      log.update { $0.leader = nil }
      try await log.until { $0.calls["ConsumeStream", default: 0] >= 2 }
      log.update { $0.leader = 0 }
      log.append("b".utf8)
      let next = try await iterator.next()?.offset
      #expect(next == 1)
    }
  }

  @Test("a call waits until the servers are known; when its time is over it says what it waited for")
  func waitsForServers() async throws {
    let log = FakeLog()
    log.update { $0.unlisted = [0] }
    try await log.serve { client in
      async let offset = client.produce([1])
      try await log.until { $0.calls["GetServers", default: 0] >= 3 }
      log.update { $0.unlisted = [] }
      let first = try await offset
      #expect(first == 0)
    }
    let lonely = FakeLog()
    lonely.update { $0.unlisted = [0] }
    try await lonely.serve(timeout: .seconds(3)) { client in
      let error = await #expect(throws: ProgLogError.self) { try await client.consume(at: 0) }
      guard case .deadlineExceeded(let wait, _) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(wait.hasPrefix("a server of the cluster to answer at 127.0.0.1:"), "\(wait)")
      #expect(wait.contains("in no cluster"), "\(wait)")
    }
  }

  @Test("a server that joins is used, and one that leaves is not")
  func membership() async throws {
    let log = FakeLog(["a"])
    log.update { $0.unlisted = [2] }
    try await log.serve(nodes: 3) { client in
      func read(_ count: Int) async throws {
        for _ in 0..<count { for try await _ in client.consume(from: .offset(0), follow: true, limit: 1) {} }
      }
      try await read(4)
      #expect(log.state.callsOfNodes["ConsumeStream@1"] == 4)
      log.update { $0.unlisted = [1] }
      _ = try await client.servers()
      try await read(4)
      #expect(log.state.callsOfNodes["ConsumeStream@1"] == 4)
      #expect(log.state.callsOfNodes["ConsumeStream@2"] == 4)
    }
  }

  @Test("a seed's name stands for all its addresses")
  func names() async throws {
    let log = FakeLog(["a"])
    try await log.serve(extraSeeds: ["nowhere.invalid:1"]) { client in
      let record = try await client.consume(at: 0)
      #expect(record.value == Array("a".utf8))
    }
    let addresses = try await SeedLookup.addresses(of: NodeAddress(parsing: "localhost:7"))
    #expect(
      addresses.contains { $0.description == "127.0.0.1:7" } || addresses.contains { $0.description == "[::1]:7" })
    await #expect(throws: SeedLookup.Failed.self) {
      try await SeedLookup.addresses(of: NodeAddress(parsing: "nowhere.invalid:7"))
    }
  }
}
