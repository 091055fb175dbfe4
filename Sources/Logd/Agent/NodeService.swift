import CommitLog
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import RPCServer
import ServiceLifecycle

/// The node proper: opens the log, then serves it until it is told to stop.
struct NodeService: Service {
  /// Threads that may wait for the disk while consumers read.
  private static let readerThreads = 2

  let configuration: Configuration
  let health: NodeHealth
  let board: ListenerBoard
  let logger: Logger

  func run() async throws {
    // One loop: a produce call goes from its socket to the log without a hop.
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let readers = NIOThreadPool(numberOfThreads: Self.readerThreads)
    readers.start()
    do {
      try await serve(on: loops, readers: readers)
    } catch {
      try? await readers.shutdownGracefully()
      try? await loops.shutdownGracefully()
      throw error
    }
    try await readers.shutdownGracefully()
    try await loops.shutdownGracefully()
  }

  private func serve(on loops: MultiThreadedEventLoopGroup, readers: NIOThreadPool) async throws {
    let loop = loops.next()
    let heartbeat = loop.scheduleRepeatedTask(initialDelay: .zero, delay: .seconds(1)) { [health] _ in
      health.beat(now: .now)
    }
    defer { heartbeat.cancel() }
    let log = try await openLog(on: readers)
    let replica = try await loop.submit {
      Replica.start(
        log: log,
        configuration: .init(
          maximumRecordBytes: configuration.maximumRecordBytes,
          maximumProducerBatchBytes: configuration.maximumBatchBytes), eventLoop: loop, readers: readers,
        metrics: ReplicaMetrics(), logger: logger)
    }.get()
    let retention = Retention(
      replica: replica, policy: configuration.retention, interval: TimeAmount(configuration.retentionInterval),
      logger: logger)
    let retentionTask = try await loop.submit { retention.start() }.get()
    defer { retentionTask.cancel() }

    let router = Router()
    router.middlewares.add(MetricsMiddleware())
    RecordsAPI(log: replica).addRoutes(to: router)
    let http = HTTPListener(
      responder: router.buildResponder(),
      address: HostPort(host: configuration.bindAddress.host, port: configuration.httpPort),
      what: "HTTP API", setting: .httpPort, shutdownTimeout: configuration.shutdownTimeout, logger: logger
    ) { [board] in board.post(.http, $0) }
    let rpc = RPCService(configuration: configuration, replica: replica, loops: loops, board: board, logger: logger)
    // Stopped from the last to the first: no new calls, then no more records, then the log is closed.
    try await ServiceGroup(
      configuration: .init(
        services: [
          ReplicaService(replica: replica), APIService(rpc: rpc, http: http),
        ], logger: logger.quietened())
    ).run()
  }

  private func openLog(on readers: NIOThreadPool) async throws -> Log {
    try await readers.runIfActive { [configuration, logger] in
      let start = ContinuousClock.now
      let log = try Log(
        directory: configuration.dataDirectory,
        configuration: Log.Configuration(
          maximumStoreBytes: configuration.maximumStoreBytes, maximumIndexBytes: configuration.maximumIndexBytes,
          preallocationBytes: configuration.preallocationBytes, tailCacheBytes: configuration.tailCacheBytes))
      for line in log.recovery.lines { logger.notice("recovery: \(line)") }
      logger.info(
        log.recovery.created ? "log created" : "log opened",
        metadata: [
          "data_dir": "\(configuration.dataDirectory)", "start_offset": "\(log.startOffset)",
          "end_offset": "\(log.flushedEnd.nextOffset)", "seconds": "\((ContinuousClock.now - start).inSeconds)",
        ])
      return log
    }
  }
}

/// Both APIs: they stop side by side, so that a slow client of one does not hold up the other.
struct APIService: Service {
  let rpc: RPCService
  let http: HTTPListener

  func run() async throws {
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await rpc.run() }
      tasks.addTask { try await http.run() }
      // Not `waitForAll`, which waits for the second before it throws what ended the first.
      while try await tasks.next() != nil {}
    }
  }
}

/// Keeps the replica until the group stops, then drains and closes it.
struct ReplicaService: Service {
  let replica: Replica

  func run() async throws {
    try? await gracefulShutdown()
    try await replica.shutDown()
  }
}

extension Duration {
  fileprivate var inSeconds: Double { self / .seconds(1) }
}
