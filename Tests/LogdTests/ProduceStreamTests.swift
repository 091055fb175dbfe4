import CommitLog
import FoundationEssentials
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import NIOCore
import NIOPosix
import ProgLogAPI
import RPCServer
import Testing

@testable import Logd

/// ProduceStream against a log whose answers the test decides, through a real server.
@Suite struct ProduceStreamTests {
  @Test("records before the one that failed are answered, and nothing after it, whatever the log does with it")
  func failureInTheMiddle() async throws {
    // The log may take a record again right after it refused one: a disk that was full for a moment.
    let answers: [Result<ProducedRecord, ProduceError>] = [
      .success(ProducedRecord(offset: Offset(7), term: Term(1))),
      .failure(.refused(.noSpace(file: "store"))),
      .success(ProducedRecord(offset: Offset(8), term: Term(1))),
    ]
    #expect(try await offsets(answers) == Outcome(offsets: [7], failed: true))
  }

  @Test("a record that is refused at once waits for the answers before it")
  func refusalAtOnce() async throws {
    let answers: [Result<ProducedRecord, ProduceError>] = [
      .success(ProducedRecord(offset: Offset(0), term: Term(1))),
      .success(ProducedRecord(offset: Offset(1), term: Term(1))),
      .failure(.recordTooLarge(bytes: 9, maximum: 1)),
    ]
    #expect(try await offsets(answers, refusesLastAtOnce: true) == Outcome(offsets: [0, 1], failed: true))
  }

  @Test("when all goes well there is an answer for every record, in order")
  func success() async throws {
    let answers = (0..<100).map { Result<_, ProduceError>.success(ProducedRecord(offset: Offset($0), term: Term(1))) }
    #expect(try await offsets(answers) == Outcome(offsets: Array(0..<100), failed: false))
  }

  private struct Outcome: Equatable {
    var offsets: [UInt64]
    var failed: Bool
  }

  private func offsets(
    _ answers: [Result<ProducedRecord, ProduceError>], refusesLastAtOnce: Bool = false
  ) async throws -> Outcome {
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let log = ScriptedLog(answers, refusesLastAtOnce: refusesLastAtOnce, eventLoop: loops.next())
    let service = LogService(log: log, addresses: ClientAddresses(path: nil, ownHost: "localhost")) { [] }
    var configuration = RPCServer.Configuration.defaults
    configuration.listenAddresses = [.init(host: "127.0.0.1", port: 0)]
    let server = RPCServer(
      configuration: configuration, router: RPCRouter(service.methods), eventLoopGroup: loops,
      logger: Logger(label: "test"))
    let port = try #require(try await server.start().first?.port)
    let transport = try HTTP2ClientTransport.Posix(
      target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext)
    let outcome = try await withGRPCClient(transport: transport) { client in
      try await Log_V1_Log.Client(wrapping: client).produceStream { writer in
        for number in answers.indices {
          var request = Log_V1_ProduceRequest()
          request.record.value = Data([UInt8(number)])
          try await writer.write(request)
        }
      } onResponse: { response in
        var outcome = Outcome(offsets: [], failed: false)
        do {
          for try await answer in response.messages { outcome.offsets.append(answer.offset) }
        } catch {
          outcome.failed = true
        }
        return outcome
      }
    }
    try await server.shutdown(deadline: .now() + .seconds(5))
    try await loops.shutdownGracefully()
    return outcome
  }
}

/// Answers by a script, all at once when the last record has come.
private final class ScriptedLog: RecordLog {
  private struct State {
    var answers: [Result<ProducedRecord, ProduceError>]
    var completions: [(Result<ProducedRecord, ProduceError>) -> Void] = []
  }

  let eventLoop: any EventLoop
  private let refusesLastAtOnce: Bool
  private let state: NIOLoopBoundBox<State>

  init(_ answers: [Result<ProducedRecord, ProduceError>], refusesLastAtOnce: Bool, eventLoop: any EventLoop) {
    self.eventLoop = eventLoop
    self.refusesLastAtOnce = refusesLastAtOnce
    state = .makeBoxSendingValue(State(answers: answers), eventLoop: eventLoop)
  }

  var extent: LogExtent { LogExtent(start: Offset(0), end: Offset(0)) }

  func produce(_ value: ByteBuffer, completion: @escaping (Result<ProducedRecord, ProduceError>) -> Void) {
    state.value.completions.append(completion)
    guard state.value.completions.count == state.value.answers.count else { return }
    var answered = Array(zip(state.value.completions, state.value.answers))
    if refusesLastAtOnce, let (last, answer) = answered.popLast() { last(answer) }
    let rest = NIOLoopBound(answered, eventLoop: eventLoop)
    eventLoop.execute {
      for (completion, answer) in rest.value { completion(answer) }
    }
  }

  var batchLimits: ProducerBatch.Limits { .init(maximumRecordBytes: 1, maximumBatchBytes: 1) }

  func admit(_ encoded: ByteBuffer, completion: @escaping (Result<ProducerBatch, ProduceError>) -> Void) {
    completion(.failure(.invalidBatch("this log takes none")))
  }

  func produce(_ batch: ProducerBatch, completion: @escaping (Result<ProducedRecord, ProduceError>) -> Void) {
    completion(.failure(.shuttingDown))
  }

  func confirmEnd(completion: @escaping (Result<Void, EndUnconfirmed>) -> Void) { completion(.success(())) }

  func readCached(from offset: Offset, maximumBytes: Int) -> [RecordBatch]? { nil }

  func records(of batch: RecordBatch) -> EventLoopFuture<Records> {
    eventLoop.makeCompletedFuture { try batch.records }
  }

  func offset(at time: Timestamp) -> EventLoopFuture<Offset> { eventLoop.makeSucceededFuture(Offset(0)) }

  func read(from offset: Offset, maximumBytes: Int) -> EventLoopFuture<[RecordBatch]> {
    eventLoop.makeSucceededFuture([])
  }

  func whenReadable(_ offset: Offset, _ action: @escaping () -> Void) -> ReadWaiter { ReadWaiter(number: 0) }

  func cancel(_ waiter: ReadWaiter) {}
}
