import Certificates
import CoreMetrics
import Glibc
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Telemetry
import UnixSignals

/// Every part of a node, in the order in which they start; they stop in the reverse of it.
struct Agent {
  let configuration: Configuration
  let logger: Logger

  /// Runs the node until a signal or a failure ends it.
  func run() async throws {
    let metrics = PrometheusRegistry(MetricDescriptions.all)
    ProcessMetrics.register(with: metrics)
    MetricsSystem.bootstrap(metrics)
    let health = NodeHealth(now: .now)
    let board = ListenerBoard()
    let reloads = ReloadRequests()
    let group = ServiceGroup(
      configuration: serviceGroup(metrics: metrics, health: health, board: board, reloads: reloads))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { await obeySignals(group: group, health: health, reloads: reloads) }
      tasks.addTask { await announce(board: board, health: health) }
      try await group.run()
      tasks.cancelAll()
    }
    logger.info("stopped")
  }

  private func serviceGroup(
    metrics: PrometheusRegistry, health: NodeHealth, board: ListenerBoard, reloads: ReloadRequests
  ) -> ServiceGroupConfiguration {
    let router = Router()
    OpsAPI(health: health, metrics: metrics).addRoutes(to: router)
    let ops = HTTPListener(
      responder: router.buildResponder(),
      address: HostPort(host: configuration.bindAddress.host, port: configuration.opsPort),
      what: "ops endpoints", setting: .opsPort, shutdownTimeout: .seconds(1), logger: logger
    ) { board.post(.ops, $0) }
    let node = NodeService(
      configuration: configuration, health: health, board: board, reloads: reloads, logger: logger)
    var group = ServiceGroupConfiguration(
      services: [
        .init(service: ops),
        .init(service: node, successTerminationBehavior: .gracefullyShutdownGroup),
      ], logger: logger.quietened())
    // The parts bound their own stopping by the shutdown time-out; this is for a part that does not.
    group.maximumGracefulShutdownDuration = configuration.shutdownTimeout + .seconds(5)
    return group
  }

  /// The first SIGTERM or SIGINT drains and closes, the second ends the process at once. SIGHUP has certificates,
  /// rules and addresses read anew.
  private func obeySignals(group: ServiceGroup, health: NodeHealth, reloads: ReloadRequests) async {
    var stopping = false
    for await signal in await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup) {
      if signal == .sighup {
        reloads.request(.asked)
        continue
      }
      let number = signal == .sigterm ? SIGTERM : SIGINT
      if stopping {
        logger.warning("second signal: ending at once", metadata: ["signal": "\(signal)"])
        exit(128 + number)
      }
      stopping = true
      logger.info(
        "stopping: calls in flight may end; a second signal ends the process at once",
        metadata: ["signal": "\(signal)", "timeout": "\(configuration.shutdownTimeout)"])
      health.enter(.draining)
      await group.triggerGracefulShutdown()
    }
  }

  /// Says that the node serves, once all its listeners do.
  private func announce(board: ListenerBoard, health: NodeHealth) async {
    guard let addresses = await board.all(), let rpc = addresses[.rpc], let http = addresses[.http],
      let ops = addresses[.ops]
    else { return }
    health.enter(.serving)
    logger.info(
      "serving",
      metadata: [
        "node": "\(configuration.nodeName)", "rpc_addr": "\(rpc)", "http_addr": "\(http)", "ops_addr": "\(ops)",
        "data_dir": "\(configuration.dataDirectory)", "version": "\(BuildVersion.current)",
      ])
    guard !configuration.logFormat.usesJSON else { return }
    // A client needs a certificate of its own, whose file nobody knows here.
    let files = configuration.serverTLS.map { (authorities: $0.authorities, client: "CLIENT") }
    let url = files == nil ? "\(http)" : "https://\(http)"
    let curl = files.map { " --cacert \($0.authorities) --cert \($0.client).pem --key \($0.client)-key.pem" } ?? ""
    let logctl =
      files.map {
        " --tls-ca-file \($0.authorities) --tls-cert-file \($0.client).pem --tls-key-file \($0.client)-key.pem"
      } ?? ""
    print(
      """

      Append:  curl\(curl) -X POST \(url) -d '{"record":{"value":"aGVsbG8K"}}'
               logctl produce --addr \(rpc)\(logctl) hello
      Read:    curl\(curl) -X GET \(url) -d '{"offset":0}'
               logctl consume --addr \(rpc)\(logctl) --from 0 --follow
      Look:    curl \(ops)/metrics
      Stop:    Ctrl-C

      """)
    fflush(nil)
  }
}

extension Logger {
  /// For libraries whose everyday lines are of no use to an operator of ours.
  func quietened() -> Logger {
    var logger = self
    logger.logLevel = max(logLevel, .warning)
    return logger
  }
}
