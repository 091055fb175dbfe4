import GRPCCore
import GRPCNIOTransportHTTP2Posix
import ProgLogAPI
import Synchronization

/// A client of one ProgLog cluster.
///
/// ```swift
/// let seeds = [try NodeAddress(parsing: "127.0.0.1:8400")]
/// try await ProgLogClient.withClient(ClientConfiguration(seeds: seeds)) { client in
///   let offset = try await client.produce(Array("Let's Go".utf8))
///   print(try await client.consume(at: offset))
/// }
/// ```
///
/// Connections are made in ``run()``; calls wait for them within their timeout. Every call throws ``ProgLogError``, or
/// `CancellationError`. A call that could not be sent is tried again, and so is one that only reads; one that appends and
/// was sent is not, because a second append would double the record.
public final class ProgLogClient: Sendable {
  typealias LogClient = Log_V1_Log.Client<HTTP2ClientTransport.Posix>

  /// A seed and the connection to it.
  struct Node: Sendable {
    let address: NodeAddress
    let connection: GRPCClient<HTTP2ClientTransport.Posix>

    var log: LogClient { LogClient(wrapping: self.connection) }
  }

  let configuration: ClientConfiguration
  private let nodes: [Node]
  /// The index of the node that answered last.
  private let preferred = Atomic<Int>(0)

  /// Creates a client, which connects once it runs.
  public init(_ configuration: ClientConfiguration) throws {
    precondition(!configuration.seeds.isEmpty, "a client needs the address of at least one node")
    precondition(configuration.retry.attempts > 0, "a call is made at least once, not \(configuration.retry.attempts)")
    self.configuration = configuration
    self.nodes = try configuration.seeds.map { address in
      let transport = try HTTP2ClientTransport.Posix(
        target: address.target, transportSecurity: .plaintext, config: Self.transportConfiguration(configuration))
      return Node(
        address: address, connection: GRPCClient(transport: transport, interceptors: [CallTracker.Interceptor()]))
    }
  }

  private static func transportConfiguration(
    _ configuration: ClientConfiguration
  ) -> HTTP2ClientTransport.Posix.Config {
    .defaults { transport in
      transport.http2.targetWindowSize = configuration.windowBytes
      transport.connection.keepalive = .init(
        time: configuration.keepalive, timeout: configuration.timeout, allowWithoutCalls: false)
      // As long as a call's own pauses: gRPC's second would outlast them and every attempt fail on the same connection.
      transport.backoff.initial = max(configuration.retry.initialBackoff, .milliseconds(50))
      transport.backoff.max = max(configuration.retry.maximumBackoff, .milliseconds(50))
    }
  }

  /// Holds the connections until the task is cancelled; then calls in flight come to their end first.
  public func run() async throws {
    try await withTaskCancellationHandler {
      try await withThrowingDiscardingTaskGroup { group in
        for node in self.nodes {
          group.addTask { try await node.connection.runConnections() }
        }
      }
    } onCancel: {
      self.shutDown()
    }
  }

  /// Runs a client for as long as `body` takes.
  public static func withClient<Result: Sendable>(
    _ configuration: ClientConfiguration, _ body: (ProgLogClient) async throws -> Result
  ) async throws -> Result {
    let client = try ProgLogClient(configuration)
    return try await withThrowingDiscardingTaskGroup { group in
      group.addTask { try await client.run() }
      let result = try await body(client)
      client.shutDown()
      return result
    }
  }

  private func shutDown() {
    for node in self.nodes {
      node.connection.beginGracefulShutdown()
    }
  }

  /// The record at an offset.
  ///
  /// - Throws: ``ProgLogError/outOfRange(requested:range:)`` and the errors of every call.
  public func consume(at offset: UInt64) async throws -> Record {
    var request = Log_V1_ConsumeRequest()
    request.offset = offset
    let message = request
    return try await self.retrying(requested: offset) { node, options in
      Record(try await node.log.consume(message, options: options).record)
    }
  }

  /// The offsets that the log has: from its oldest record to the one that will be written next.
  public func offsets() async throws -> Range<UInt64> {
    do {
      _ = try await self.consume(at: .max)
    } catch ProgLogError.outOfRange(_, let range?) {
      return range
    } catch ProgLogError.outOfRange(_, nil) {
      throw ProgLogError.protocolViolation("it does not tell which offsets the log has")
    }
    throw ProgLogError.protocolViolation("it has a record at offset \(UInt64.max)")
  }

  /// The members of the cluster as the node that is asked knows them.
  public func servers() async throws -> [ClusterServer] {
    try await self.retrying { node, options in
      try await node.log.getServers(Log_V1_GetServersRequest(), options: options).servers.map {
        ClusterServer(id: $0.id, address: $0.rpcAddr, isLeader: $0.isLeader)
      }
    }
  }

  /// Calls a node, and the next one while the failures pass.
  ///
  /// - Parameters:
  ///   - isIdempotent: whether a call that was sent may be sent again.
  ///   - hasDeadline: `false` for streams, which watch their progress.
  func retrying<Result>(
    requested: UInt64? = nil, isIdempotent: Bool = true, hasDeadline: Bool = true,
    _ call: (Node, CallOptions) async throws -> Result
  ) async throws -> Result {
    var start = ContinuousClock.now
    var attemptsLeft = self.configuration.retry.attempts
    let first = self.preferred.load(ordering: .relaxed)
    var attempt = 1
    while true {
      let index = (first + attempt - 1) % self.nodes.count
      let node = self.nodes[index]
      let tracker = CallTracker()
      var options = CallOptions.defaults
      options.maxResponseMessageBytes = self.configuration.maximumMessageBytes
      if hasDeadline {
        options.timeout = max(self.configuration.timeout - (.now - start), .zero)
      }
      do {
        let result = try await CallTracker.$current.withValue(tracker) { try await call(node, options) }
        self.preferred.store(index, ordering: .relaxed)
        return result
      } catch {
        if Task.isCancelled { throw CancellationError() }
        if !hasDeadline, tracker.wasOpened {
          // A stream that has been up may have lasted for hours: from here it has the whole timeout to come back.
          start = .now
          attempt = 1
          attemptsLeft = .max
        }
        attemptsLeft -= 1
        let failure = ProgLogError(
          error, address: node.address.description, wasOpened: tracker.wasOpened, requested: requested,
          timeout: self.configuration.timeout)
        let mayRepeat = failure.isTransient && (isIdempotent || !tracker.wasOpened)
        let pause = self.configuration.retry.pause(beforeAttempt: attempt)
        guard mayRepeat, attemptsLeft > 0, .now + pause < start + self.configuration.timeout else {
          throw isIdempotent || !tracker.wasOpened ? failure : failure.ofAppend(records: 1)
        }
        attempt += 1
        try await Task.sleep(for: pause)
      }
    }
  }
}

extension Record {
  init(_ record: Log_V1_Record) {
    self.init(offset: record.offset, value: Array(record.value), term: record.term)
  }
}
