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
      after the step at hand; the logs that it made run on without it.
      """,
    version: BuildVersion.current)

  @OptionGroup var flags: OperatorFlags

  /// Longer than any request to the API server takes.
  private static let shutdownLimit = Duration.seconds(35)

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
    let registry = PrometheusRegistry(ControllerMetrics.descriptions)
    MetricsSystem.bootstrap(registry)
    ProcessMetrics.register(with: registry)
    let logger = Logger(label: "proglog-operator")
    let client = try Self.client(cluster, registry, logger)
    let controller = Self.controller(client, configuration, registry, environment, logger)
    let ops = OpsServer.make(at: configuration.opsAddress, registry: registry, logger: logger) {
      controller.unsynced
    }
    logger.notice(
      "proglog-operator \(BuildVersion.current) starts",
      metadata: [
        "server": "\(cluster.server)",
        "namespaces": "\(configuration.namespaces.isEmpty ? "all" : configuration.namespaces.joined(separator: ", "))",
        "logd-image": "\(configuration.logdImage)",
        "ops": "http://\(configuration.opsAddress.host):\(configuration.opsAddress.port)",
      ])
    var group = ServiceGroupConfiguration(
      services: [ops, controller], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    group.maximumGracefulShutdownDuration = Self.shutdownLimit
    do {
      try await ServiceGroup(configuration: group).run()
    } catch {
      await client.shutdown()
      throw error
    }
    await client.shutdown()
    logger.notice("stopped")
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
    return try RESTClient(cluster, options: options, logger: logger, metrics: registry)
  }

  private static func controller(
    _ client: RESTClient, _ configuration: OperatorConfiguration, _ registry: PrometheusRegistry,
    _ environment: [String: String], _ logger: Logger
  ) -> Controller {
    let events = EventRecorder(
      client: client, component: Names.fieldManager, instance: environment["HOSTNAME"] ?? Names.fieldManager,
      logger: logger)
    return Controller(
      api: client, namespaces: configuration.namespaces, defaults: OperatorDefaults(image: configuration.logdImage),
      events: events, members: AdminMemberClient(), capabilities: { Capabilities() }, metricsFactory: registry,
      logger: logger, clock: .system,
      source: { client.listWatch($0, namespace: $1, labelSelector: $2) })
  }
}
