import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ProgLogAPI
import RPCServer
import SwiftProtobuf
import Synchronization

@testable import ProgLogClient

/// A log in memory behind logd's gRPC server, or several of them as a cluster's nodes, with faults to order. Its calls live on one
/// event loop, where they wait for what `update` changes.
final class FakeLog: Sendable {
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
    var failures: [String: [RPCStatus?]] = [:]
    /// ConsumeStream and ProduceStream fail after so many records, once.
    var breaksAfter: Int?
    /// Unary calls are never answered.
    var isSilent = false
    /// Messages that ConsumeStream has sent.
    var sent = 0
    /// Requests that had a batch.
    var batches = 0
    /// Whether it answers as proglog's own server, which knows one record a message.
    var knowsOnlyRecords = false
    /// Of the nodes, in their order; they are `node-0` and so on.
    var addresses: [String] = []
    /// The node that leads.
    var leader: Int? = 0
    /// Nodes that are not in the list of servers.
    var unlisted: Set<Int> = []
    /// Nodes that refuse every call as one that stops does.
    var down: Set<Int> = []
    /// Nodes that answer no call at all, nor any that is under way.
    var silent: Set<Int> = []
    /// So many times records are appended and the answer is UNAVAILABLE.
    var lostAnswers = 0
    /// What producers have sent, as servers remember it.
    var producers: [UInt64: FakeProducer] = [:]
    /// Batches that came again under the same number.
    var duplicates = 0
    /// By method and node, as `Produce@0`.
    var callsOfNodes: [String: Int] = [:]

    var range: Range<UInt64> { self.start..<(self.start + UInt64(self.values.count)) }
  }

  /// Does what the state allows, and returns whether there is nothing left to do.
  typealias Step = () -> Bool

  private let eventLoop: any EventLoop
  private let mutex: Mutex<State>
  private let waiting: NIOLoopBoundBox<[Step]>

  init(_ values: [String] = [], start: UInt64 = 0) {
    let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
    self.eventLoop = eventLoop
    self.mutex = Mutex(State(values: values.map { Array($0.utf8) }, start: start))
    self.waiting = NIOLoopBoundBox.makeBoxSendingValue([], eventLoop: eventLoop)
  }

  var state: State { self.mutex.withLock { $0 } }

  func calls(_ method: String) -> Int { self.state.calls[method, default: 0] }

  @discardableResult
  func update<Result: Sendable>(_ change: (inout State) -> Result) -> Result {
    let result = self.mutex.withLock { state in change(&state) }
    self.eventLoop.execute { self.takeSteps() }
    return result
  }

  @discardableResult
  func append(_ value: some Sequence<UInt8>) -> UInt64 {
    self.append([Array(value)])
  }

  /// - Returns: the offset of the first.
  @discardableResult
  func append(_ values: [[UInt8]]) -> UInt64 {
    self.update { state in
      defer { state.values += values }
      return state.range.upperBound
    }
  }

  /// Waits for a state; the test's time limit is the bound.
  func until(_ condition: @escaping @Sendable (State) -> Bool) async throws {
    // A stream, because it ends when the task is cancelled.
    let reached = AsyncStream<Void>.makeStream()
    self.eventLoop.execute {
      self.onEveryChange {
        guard condition(self.state) else { return false }
        reached.continuation.finish()
        return true
      }
    }
    for await _ in reached.stream {}
    try Task.checkCancellation()
  }

  /// Takes a step now, and another at every change until none is left. On the event loop.
  func onEveryChange(_ step: @escaping Step) {
    if !step() { self.waiting.value.append(step) }
  }

  private func takeSteps() {
    let steps = self.waiting.value
    self.waiting.value = []
    for step in steps { self.onEveryChange(step) }
  }

  /// Whether the stream breaks here, as ordered.
  func breaks(after count: Int) -> Bool {
    self.update { state in
      guard state.breaksAfter == count else { return false }
      state.breaksAfter = nil
      return true
    }
  }

  /// Runs servers for this log and a client of it. The default timeout is beyond what a test may take: it never decides.
  func serve(
    nodes: Int = 1, timeout: Duration = .seconds(60), attemptTimeout: Duration = .seconds(60),
    discoveryTimeout: Duration? = nil, readAheadBytes: Int = 1 << 20, extraSeeds: [String] = [], seedNodes: [Int] = [0],
    tls: NIOSSLContext? = nil, security: ClientSecurity = .plaintext,
    _ body: (ProgLogClient) async throws -> Void
  ) async throws {
    let servers = (0..<nodes).map { node in
      RPCServer(
        router: RPCRouter(self.methods(of: node)), eventLoopGroup: self.eventLoop, logger: Logger(label: "FakeLog"))
    }
    var addresses: [String] = []
    for server in servers {
      let bound = try await server.start { server, channel in
        if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
        try server.attach(to: channel)
      }
      addresses.append("127.0.0.1:\(bound[0].port ?? 0)")
    }
    self.update { [addresses] in $0.addresses = addresses }
    let seeds = try (extraSeeds + seedNodes.map { addresses[$0] }).map { try NodeAddress(parsing: $0) }
    var configuration = ClientConfiguration(seeds: seeds)
    configuration.security = security
    configuration.timeout = timeout
    configuration.attemptTimeout = attemptTimeout
    configuration.discoveryTimeout = discoveryTimeout
    configuration.readAheadBytes = readAheadBytes
    configuration.backOff = BackOff(initial: .milliseconds(1), maximum: .milliseconds(5))
    let result: Result<Void, any Error>
    do {
      try await ProgLogClient.withClient(configuration, body)
      result = .success(())
    } catch {
      result = .failure(error)
    }
    for server in servers { try await server.shutdown(deadline: .now()) }
    // Every call has ended: a last step lets go of them.
    try await self.eventLoop.submit { self.takeSteps() }.get()
    try result.get()
  }
}

/// The batches of a producer, by the sequence of their first records.
struct FakeProducer {
  var epoch: UInt32
  var next: UInt64 = 0
  var batches: [UInt64: UInt64] = [:]
}
