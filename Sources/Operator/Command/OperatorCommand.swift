import ArgumentParser
import CoreMetrics
import FoundationEssentials
import KubernetesClient
import Logging
import ServiceLifecycle
import Telemetry
import UnixSignals

@main
struct OperatorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "proglog-operator",
    abstract: "Runs a logd cluster for each ProgLog resource of a Kubernetes cluster.",
    discussion: """
      Make a ProgLog and watch it come up:

        kubectl apply -f manifests/crd -f manifests/samples/proglog.yaml
        kubectl get plog --watch

      Every flag is also an environment variable, such as PROGLOG_OPERATOR_LOGD_IMAGE for --logd-image; \
      PROGLOG_OPERATOR_NAMESPACE takes several names, separated by commas. The flag wins. SIGTERM ends the operator \
      after the step at hand; the logs that it made run on without it. In a pod it acts only while it holds a Lease, \
      and exits with an error when it loses it.
      """,
    version: BuildVersion.current)

  @OptionGroup var flags: OperatorFlags

  /// A few series for each ProgLog, and a thousand of those.
  private static var metricLimits: PrometheusRegistry.Limits {
    var limits = PrometheusRegistry.Limits.defaults
    limits.seriesPerFamily = 10_000
    return limits
  }

  /// A new log takes about fifty requests: a thousand of them are made in ten minutes, not in forty as at the 20 of older
  /// controllers. What protects the API server is that each of four workers waits for its answer, and the server's own
  /// priority and fairness, for which SIG API Machinery has others drop their limits.
  private static let requestsPerSecond = 100.0
  /// Longer than any request to the API server takes.
  private static let shutdownLimit = Duration.seconds(35)
  /// After an error, such as a lost lease, nothing may go on: what does not heed cancellation is ended by a crash.
  private static let cancellationLimit = Duration.seconds(2)

  func run() async throws {
    let environment = ProcessInfo.processInfo.environment
    let configuration: OperatorConfiguration
    do {
      configuration = try OperatorConfiguration(flags: flags, environment: environment)
    } catch {
      throw ValidationError(error.description)
    }
    let cluster = try Self.cluster(configuration, environment)
    configuration.logFormat.bootstrap(level: configuration.logLevel)
    let registry = PrometheusRegistry(
      ControllerMetrics.descriptions + Election.descriptions + LogMetrics.descriptions, limits: Self.metricLimits)
    MetricsSystem.bootstrap(registry)
    ProcessMetrics.register(with: registry)
    let logger = Logger(label: "proglog-operator")
    let client = try Self.client(cluster, registry, logger)
    let election = try Election(
      configuration, cluster, environment: environment, registry: registry, logger: logger
    ) { () throws(KubernetesError) in try Self.client(cluster, registry, logger) }
    Self.announce(configuration, cluster, isElecting: election.service != nil, logger)
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await Self.run(configuration, client, election, environment, registry, logger))
    } catch {
      outcome = .failure(error)
    }
    await client.shutdown()
    await election.shutdown()
    try outcome.get()
    logger.notice("stopped")
  }

  private static func announce(
    _ configuration: OperatorConfiguration, _ cluster: ClusterConfiguration, isElecting: Bool, _ logger: Logger
  ) {
    logger.notice(
      "proglog-operator \(BuildVersion.current) starts",
      metadata: [
        "server": "\(cluster.server)",
        "namespaces": "\(configuration.namespaces.isEmpty ? "all" : configuration.namespaces.joined(separator: ", "))",
        "logd-image": "\(configuration.logdImage)",
        "ops": "http://\(configuration.opsAddress.host):\(configuration.opsAddress.port)",
        "lease": "\(isElecting ? configuration.leaseName : "none")",
      ])
  }

  private static func run(
    _ configuration: OperatorConfiguration, _ client: RESTClient, _ election: Election,
    _ environment: [String: String], _ registry: PrometheusRegistry, _ logger: Logger
  ) async throws {
    let capabilities = CapabilityWatch(logger: logger) { () throws(KubernetesError) in
      try await client.discover(Capabilities.questions)
    }
    let controller = DiscoveredController(capabilities) {
      Self.controller(client, election, capabilities, configuration, registry, environment, logger)
    }
    // A standby is ready, too: it has all that it needs to take over, and a rollout must not wait for it to lead.
    let ops = OpsServer.make(at: configuration.opsAddress, registry: registry, logger: logger) {
      controller.unsynced
    }
    // Stopped from the last to the first: the lease is given back when the controller is through, and never before.
    let services: [any Service] = [ops] + [election.service].compactMap { $0 } + [capabilities, controller]
    var group = ServiceGroupConfiguration(
      services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = shutdownLimit
    group.maximumCancellationDuration = cancellationLimit
    try await ServiceGroup(configuration: group).run()
  }

  private static func cluster(
    _ configuration: OperatorConfiguration, _ environment: [String: String]
  ) throws(KubernetesError) -> ClusterConfiguration {
    if let file = configuration.kubeconfig {
      return try .kubeconfig(files: [file], context: configuration.context)
    }
    return try .detect(context: configuration.context, environment: environment)
  }

  private static func client(
    _ cluster: ClusterConfiguration, _ registry: PrometheusRegistry, _ logger: Logger
  ) throws(KubernetesError) -> RESTClient {
    var options = RESTClient.Options.defaults
    options.userAgent = "\(Names.fieldManager)/\(BuildVersion.current)"
    options.requestsPerSecond = requestsPerSecond
    options.burst = Int(2 * requestsPerSecond)
    return try RESTClient(cluster, options: options, logger: logger, metrics: registry)
  }

  private static func controller(
    _ client: RESTClient, _ election: Election, _ capabilities: CapabilityWatch,
    _ configuration: OperatorConfiguration, _ registry: PrometheusRegistry, _ environment: [String: String],
    _ logger: Logger
  ) -> Controller {
    let leadership = election.leadership
    let api = LeaderAPI(client, leadership: leadership)
    let events = EventRecorder(
      client: api, component: Names.fieldManager, instance: environment["HOSTNAME"] ?? Names.fieldManager,
      logger: logger)
    let logMetrics = LogMetrics()
    registry.onScrape { logMetrics.collect(into: &$0) }
    return Controller(
      api: api, namespaces: configuration.namespaces,
      defaults: OperatorDefaults(
        image: configuration.logdImage, operatorNamespace: configuration.leaseNamespace),
      events: events, members: LeaderMembers(AdminMemberClient(), leadership: leadership),
      capabilities: { capabilities.current }, metricsFactory: registry,
      logMetrics: logMetrics, logger: logger, clock: .system,
      gate: { try await leadership.waitUntilHeld() },
      source: { client.listWatch($0, namespace: $1, labelSelector: $2) })
  }
}
