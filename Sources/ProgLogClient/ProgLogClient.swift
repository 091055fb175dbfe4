import GRPCCore
import GRPCNIOTransportHTTP2Posix
import ProgLogAPI

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
/// It asks the seeds who the servers are, and goes on asking those. What appends goes to the leader, what reads to the followers
/// in turn. A call waits within its time until there is a server for it, and is tried again, at another server perhaps, while
/// its failures are of a kind that passes. Records are numbered, so that none is appended twice.
///
/// Everything happens in ``run()``. Every call throws ``ProgLogError``, or `CancellationError`.
public final class ProgLogClient: Sendable {
  /// What ``run()`` runs.
  private enum Work: Sendable {
    case connection(Node.Connection)
    /// Until the client is closed.
    case loop(@Sendable () async -> Void)
  }

  let configuration: ClientConfiguration
  let cluster: Cluster
  let lanes = ProducerLanes()
  private let work: AsyncStream<Work>
  private let addWork: AsyncStream<Work>.Continuation
  private let closing = ChangeSignal()

  /// Creates a client, which connects once it runs.
  ///
  /// - Throws: ``ProgLogError/invalidTLS(file:reason:)``.
  public init(_ configuration: ClientConfiguration) throws {
    precondition(!configuration.seeds.isEmpty, "a client needs the address of at least one server")
    self.configuration = configuration
    let (work, addWork) = AsyncStream<Work>.makeStream()
    (self.work, self.addWork) = (work, addWork)
    let pool = try ConnectionPool(
      security: configuration.security, transport: Self.transportConfiguration(configuration)
    ) { connection in addWork.yield(.connection(connection)) }
    self.cluster = Cluster(configuration, pool: pool)
  }

  private static func transportConfiguration(
    _ configuration: ClientConfiguration
  ) -> HTTP2ClientTransport.Posix.Config {
    .defaults { transport in
      transport.http2.targetWindowSize = configuration.windowBytes
      transport.connection.keepalive = .init(
        time: configuration.keepalive, timeout: configuration.timeout, allowWithoutCalls: false)
      // As long as a call's own pauses: gRPC's second would outlast them and every attempt fail on the same connection.
      transport.backoff.initial = max(configuration.backOff.initial, Self.shortestReconnect)
      transport.backoff.max = max(configuration.backOff.maximum, Self.shortestReconnect)
    }
  }

  /// Between attempts to connect: a port that refuses must not be asked in a tight loop.
  private static let shortestReconnect = Duration.milliseconds(50)

  /// Holds the connections until the task is cancelled or the client closed.
  public func run() async throws {
    await withTaskCancellationHandler {
      await withDiscardingTaskGroup { group in
        group.addTask { await self.perform(.loop { await self.cluster.watch() }) }
        for await work in self.work {
          group.addTask { await self.perform(work) }
        }
      }
    } onCancel: {
      self.close()
    }
  }

  private func perform(_ work: Work) async {
    switch work {
    case .loop(let loop):
      await withFirst(loop) { await self.closing.wait(past: 0) }
    case .connection(let connection):
      await withFirst {
        // It ends when it is shut down; what its calls failed with they have told.
        try? await connection.runConnections()
      } or: {
        await self.closing.wait(past: 0)
        // Calls in flight come to their end, but a peer that is gone must not hold this up for ever.
        try? await Task.sleep(for: self.configuration.timeout)
      }
    }
  }

  /// Runs something beside the connections, for as long as the client runs.
  ///
  /// - Returns: whether it has not been closed.
  func spawn(_ loop: @escaping @Sendable () async -> Void) -> Bool {
    if case .terminated = self.addWork.yield(.loop(loop)) { false } else { true }
  }

  /// Runs a client for as long as `body` takes.
  public static func withClient<Result: Sendable>(
    _ configuration: ClientConfiguration, _ body: (ProgLogClient) async throws -> Result
  ) async throws -> Result {
    let client = try ProgLogClient(configuration)
    return try await withThrowingDiscardingTaskGroup { group in
      group.addTask { try await client.run() }
      defer { client.close() }
      return try await body(client)
    }
  }

  /// Ends ``run()``: producers are not waited for, calls in flight are.
  public func close() {
    self.closing.bump()
    self.cluster.pool.shutDown()
    self.addWork.finish()
  }

  /// The members of the cluster as the server that is asked knows them.
  public func servers() async throws -> [ClusterServer] {
    let start = ContinuousClock.now
    return try await self.cluster.servers(since: start, until: start + self.configuration.timeout)
  }
}
