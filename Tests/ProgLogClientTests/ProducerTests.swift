import RPCServer
import Testing

@testable import ProgLogClient

@Suite("The client's producers", .timeLimit(.minutes(1)))
struct ProducerTests {
  private func texts(_ log: FakeLog) -> [String] { log.state.values.map { String(decoding: $0, as: UTF8.self) } }

  private func send(_ numbers: Range<Int>, to producer: Producer) async throws -> [Acknowledgement] {
    var acknowledgements: [Acknowledgement] = []
    for number in numbers { acknowledgements.append(try await producer.send(Array("\(number)".utf8))) }
    return acknowledgements
  }

  private func offsets(_ acknowledgements: [Acknowledgement]) async throws -> [UInt64] {
    var offsets: [UInt64] = []
    for acknowledgement in acknowledgements { offsets.append(try await acknowledgement.offset) }
    return offsets
  }

  @Test("records get their offsets in the order in which they were sent")
  func inOrder() async throws {
    let log = FakeLog()
    try await log.serve { client in
      let producer = client.makeProducer()
      let offsets = try await self.offsets(self.send(0..<2_000, to: producer))
      #expect(offsets == Array(0..<2_000))
      try await producer.close()
    }
    #expect(self.texts(log) == (0..<2_000).map(String.init))
    #expect(log.calls("ProduceStream") == 1)
  }

  @Test("answers that are lost cost a second sending and no second record", arguments: [1, 3])
  func lostAnswers(count: Int) async throws {
    let log = FakeLog()
    log.update { $0.lostAnswers = count }
    try await log.serve { client in
      var configuration = ProducerConfiguration()
      configuration.batchRecords = 7
      let producer = client.makeProducer(configuration)
      let offsets = try await self.offsets(self.send(0..<500, to: producer))
      #expect(offsets == Array(0..<500))
      try await producer.close()
    }
    #expect(self.texts(log) == (0..<500).map(String.init))
    #expect(log.state.duplicates >= count)
  }

  @Test("a record that is too large is refused; those before and behind it are there")
  func refusal() async throws {
    let log = FakeLog()
    try await log.serve { client in
      let producer = client.makeProducer()
      let before = try await self.send(0..<10, to: producer)
      let large = try await producer.send([UInt8](repeating: 1, count: FakeLog.maximumRecordBytes + 1))
      let behind = try await self.send(10..<20, to: producer)
      let error = await #expect(throws: ProgLogError.self) { try await large.offset }
      guard case .server(let refusal) = error, refusal.reason == "RECORD_TOO_LARGE" else {
        Issue.record("\(String(describing: error))")
        return
      }
      let offsets = try await self.offsets(before + behind)
      #expect(offsets == Array(0..<20))
      try await producer.close()
    }
    #expect(self.texts(log) == (0..<20).map(String.init))
  }

  @Test("who may not produce is told so at once")
  func permission() async throws {
    let log = FakeLog()
    log.update { $0.failures["ProduceStream"] = Array(repeating: RPCStatus(.permissionDenied, "no"), count: 99) }
    try await log.serve { client in
      let producer = client.makeProducer()
      let acknowledgement = try await producer.send([1])
      let error = await #expect(throws: ProgLogError.self) { try await acknowledgement.offset }
      #expect(error?.description == "the server answered PERMISSION_DENIED: no")
    }
  }

  @Test("sending waits while the buffer is full, and stops waiting when its task is cancelled")
  func backPressure() async throws {
    let log = FakeLog()
    log.update { $0.holdsAnswers = true }
    try await log.serve { client in
      var configuration = ProducerConfiguration()
      configuration.bufferBytes = 10 * 65
      let producer = client.makeProducer(configuration)
      let sent = try await self.send(0..<10, to: producer)
      await #expect(throws: CancellationError.self) {
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try await producer.send([1]) }
          // A call's way there and back is time enough for it to get through, if it could.
          _ = try await client.servers()
          group.cancelAll()
          try await group.next()
        }
      }
      async let more = self.send(10..<30, to: producer)
      log.update { $0.holdsAnswers = false }
      let offsets = try await self.offsets(sent + more)
      #expect(offsets == Array(0..<30))
    }
  }

  @Test("a flush sends what lingers, and a close what is left; afterwards nothing is taken")
  func flushAndClose() async throws {
    let log = FakeLog()
    try await log.serve { client in
      var configuration = ProducerConfiguration()
      configuration.linger = .seconds(3_600)
      let producer = client.makeProducer(configuration)
      let first = try await producer.send([1])
      try await producer.flush()
      let offset = try await first.offset
      #expect(offset == 0)
      let second = try await producer.send([2])
      try await producer.close()
      let last = try await second.offset
      #expect(last == 1)
      await #expect(throws: ProgLogError.closed) { try await producer.send([3]) }
      let idle = client.makeProducer()
      try await idle.flush()
      try await idle.close()
    }
  }

  @Test("a producer that is fenced ends, with what is in doubt and what was not sent")
  func fenced() async throws {
    let log = FakeLog()
    let fenced = RPCStatus(.failedPrecondition, "another one", reason: "PRODUCER_FENCED", [:])
    log.update { $0.failures["ProduceStream"] = [fenced] }
    try await log.serve { client in
      let producer = client.makeProducer()
      let acknowledgement = try await producer.send([1])
      let error = await #expect(throws: ProgLogError.self) { try await acknowledgement.offset }
      guard case .producerFailed(let failure) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(failure.reason == .fenced && failure.recordsInDoubt == 0 && failure.recordsNotSent == 1)
      await #expect(throws: ProgLogError.self) { try await producer.send([2]) }
      await #expect(throws: ProgLogError.self) { try await producer.close() }
    }
  }

  @Test("records that nobody takes are given up after their time, and the producer goes on")
  func expiry() async throws {
    let log = FakeLog()
    log.update { $0.leader = nil }
    try await log.serve { client in
      // So that the servers are known before the time begins.
      _ = try await client.offsets()
      var configuration = ProducerConfiguration()
      configuration.deliveryTimeout = .milliseconds(300)
      let producer = client.makeProducer(configuration)
      let late = try await producer.send([1])
      let error = await #expect(throws: ProgLogError.self) { try await late.offset }
      guard case .deadlineExceeded = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(error?.description.contains("a leader among 127.0.0.1:") == true, "\(String(describing: error))")
    }
    #expect(log.state.values.isEmpty)
  }

  @Test("a client that is closed tells its producers' callers that records are in doubt")
  func clientCloses() async throws {
    let log = FakeLog()
    log.update { $0.holdsAnswers = true }
    let acknowledgements = LockedList()
    try await log.serve { client in
      let producer = client.makeProducer()
      acknowledgements.append(try await producer.send([1]))
      try await log.until { $0.received == 1 }
    }
    let error = await #expect(throws: ProgLogError.self) { try await acknowledgements.all[0].offset }
    guard case .outcomeUnknown(records: 1, _) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }
}
