import FoundationEssentials
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import ProgLogAPI
import SwiftProtobuf
import Synchronization

@testable import ProgLogClient

/// A log in memory behind a real gRPC server, with faults to order.
final class FakeLog: RegistrableRPCService {
  struct State {
    var values: [[UInt8]] = []
    /// The offset of the first value.
    var start: UInt64 = 0
    var calls: [String: Int] = [:]
    /// Records that ProduceStream has read.
    var received = 0
    /// ProduceStream answers nothing while this is set.
    var holdsAnswers = false
    /// ConsumeStream calls that ended because the client went away.
    var cancelled = 0
    /// What a call fails with, by method, one for each call; `nil` lets it pass.
    var failures: [String: [(any Error & Sendable)?]] = [:]
    /// ConsumeStream and ProduceStream fail after so many records, once.
    var breaksAfter: Int?
    /// Unary calls are never answered.
    var isSilent = false
  }

  let state: Mutex<State>

  init(_ values: [String] = [], start: UInt64 = 0) {
    self.state = Mutex(State(values: values.map { Array($0.utf8) }, start: start))
  }

  var end: UInt64 { self.state.withLock { $0.start + UInt64($0.values.count) } }

  func calls(_ method: String) -> Int { self.state.withLock { $0.calls[method, default: 0] } }

  func append(_ value: some Sequence<UInt8>) -> UInt64 {
    self.state.withLock { state in
      state.values.append(Array(value))
      return state.start + UInt64(state.values.count) - 1
    }
  }

  /// Runs a server for this log and a client of it.
  func serve(
    timeout: Duration = .seconds(10), retry: ClientConfiguration.Retry? = nil, extraSeeds: [String] = [],
    _ body: @Sendable @escaping (ProgLogClient) async throws -> Void
  ) async throws {
    let transport = HTTP2ServerTransport.Posix(
      address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: .plaintext)
    try await withGRPCServer(transport: transport, services: [self]) { server in
      guard let port = try await server.listeningAddress?.ipv4?.port else { return }
      let seeds = try (extraSeeds + ["127.0.0.1:\(port)"]).map { try NodeAddress(parsing: $0) }
      var configuration = ClientConfiguration(seeds: seeds)
      configuration.timeout = timeout
      configuration.retry =
        retry ?? .init(attempts: 4, initialBackoff: .milliseconds(1), maximumBackoff: .milliseconds(5))
      try await ProgLogClient.withClient(configuration, body)
    }
  }

  func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
    self.unary(Log_V1_Log.Method.Produce.descriptor, &router) { (request: Log_V1_ProduceRequest) in
      var answer = Log_V1_ProduceResponse()
      answer.offset = self.append(request.record.value)
      return answer
    }
    self.unary(Log_V1_Log.Method.Consume.descriptor, &router) { (request: Log_V1_ConsumeRequest) in
      var answer = Log_V1_ConsumeResponse()
      guard let record = try self.record(at: request.offset, waits: false) else {
        throw self.outOfRange(request.offset)
      }
      answer.record = record
      return answer
    }
    self.unary(Log_V1_Log.Method.GetServers.descriptor, &router) { (_: Log_V1_GetServersRequest) in
      var server = Log_V1_Server()
      server.id = "node-0"
      server.rpcAddr = "127.0.0.1:8400"
      server.isLeader = true
      var answer = Log_V1_GetServersResponse()
      answer.servers = [server]
      return answer
    }
    self.stream(Log_V1_Log.Method.ProduceStream.descriptor, &router, self.produceStream)
    self.stream(Log_V1_Log.Method.ConsumeStream.descriptor, &router, self.consumeStream)
  }

  private func produceStream(
    _ requests: RPCAsyncSequence<Log_V1_ProduceRequest, any Error>, _ writer: RPCWriter<Log_V1_ProduceResponse>,
    _ context: ServerContext
  ) async throws {
    var pending: [UInt64] = []
    try await withThrowingTaskGroup(of: Void.self) { group in
      let arrived = AsyncStream<UInt64>.makeStream()
      group.addTask {
        for await offset in arrived.stream {
          while self.state.withLock({ $0.holdsAnswers }) { try await self.pause(context) }
          var answer = Log_V1_ProduceResponse()
          answer.offset = offset
          try await writer.write(answer)
        }
      }
      for try await request in requests {
        let offset = self.append(request.record.value)
        pending.append(offset)
        self.state.withLock { $0.received += 1 }
        if self.breaks(after: pending.count) { throw RPCError(code: .unavailable, message: "going away") }
        arrived.continuation.yield(offset)
      }
      arrived.continuation.finish()
      try await group.waitForAll()
    }
  }

  private func consumeStream(
    _ requests: RPCAsyncSequence<Log_V1_ConsumeRequest, any Error>, _ writer: RPCWriter<Log_V1_ConsumeResponse>,
    _ context: ServerContext
  ) async throws {
    guard var offset = try await requests.first(where: { _ in true })?.offset else { return }
    var sent = 0
    while true {
      guard let record = try self.record(at: offset, waits: true) else {
        do {
          try await self.pause(context)
        } catch {
          self.state.withLock { $0.cancelled += 1 }
          throw error
        }
        continue
      }
      var answer = Log_V1_ConsumeResponse()
      answer.record = record
      try await writer.write(answer)
      offset += 1
      sent += 1
      if self.breaks(after: sent) { throw RPCError(code: .unavailable, message: "going away") }
    }
  }

  /// Between two looks at a condition. gRPC does not cancel a handler's task when its client goes away: it has to look.
  private func pause(_ context: ServerContext) async throws {
    if context.cancellation.isCancelled { throw CancellationError() }
    try await Task.sleep(for: .milliseconds(1))
  }

  private func breaks(after count: Int) -> Bool {
    self.state.withLock { state in
      guard state.breaksAfter == count else { return false }
      state.breaksAfter = nil
      return true
    }
  }

  private func record(at offset: UInt64, waits: Bool) throws -> Log_V1_Record? {
    try self.state.withLock { state in
      let end = state.start + UInt64(state.values.count)
      if offset == end, waits { return nil }
      guard offset >= state.start, offset < end else { throw Self.outOfRange(offset, state.start..<end) }
      var record = Log_V1_Record()
      record.offset = offset
      record.term = 3
      record.value = Data(state.values[Int(offset - state.start)])
      return record
    }
  }

  private func outOfRange(_ offset: UInt64) -> GoogleRPCStatus {
    self.state.withLock { Self.outOfRange(offset, $0.start..<($0.start + UInt64($0.values.count))) }
  }

  private static func outOfRange(_ offset: UInt64, _ range: Range<UInt64>) -> GoogleRPCStatus {
    GoogleRPCStatus(
      code: .outOfRange, message: "offset \(offset) is outside of the log",
      details: .errorInfo(
        reason: "OFFSET_OUT_OF_RANGE", domain: "proglog.io",
        metadata: ["start": "\(range.lowerBound)", "end": "\(range.upperBound)"]))
  }

  private func unary<Input: SwiftProtobufMessage, Output: SwiftProtobufMessage, Transport: ServerTransport>(
    _ method: MethodDescriptor, _ router: inout RPCRouter<Transport>,
    _ answer: @Sendable @escaping (Input) throws -> Output
  ) {
    self.stream(method, &router) { (requests: RPCAsyncSequence<Input, any Error>, writer: RPCWriter<Output>, context) in
      guard let request = try await requests.first(where: { _ in true }) else { return }
      while self.state.withLock({ $0.isSilent }) { try await self.pause(context) }
      try await writer.write(try answer(request))
    }
  }

  private func stream<Input: SwiftProtobufMessage, Output: SwiftProtobufMessage, Transport: ServerTransport>(
    _ method: MethodDescriptor, _ router: inout RPCRouter<Transport>,
    _ serve:
      @Sendable @escaping (RPCAsyncSequence<Input, any Error>, RPCWriter<Output>, ServerContext) async throws -> Void
  ) {
    router.registerHandler(
      forMethod: method, deserializer: ProtobufDeserializer<Input>(), serializer: ProtobufSerializer<Output>()
    ) { request, context in
      let failure = self.state.withLock { state in
        state.calls[method.method, default: 0] += 1
        return state.failures[method.method]?.popFirst() ?? nil
      }
      if let failure { throw failure }
      return StreamingServerResponse { writer in
        try await serve(request.messages, writer, context)
        return [:]
      }
    }
  }
}

typealias SwiftProtobufMessage = SwiftProtobuf.Message

extension Array {
  fileprivate mutating func popFirst() -> Element? { self.isEmpty ? nil : self.removeFirst() }
}
