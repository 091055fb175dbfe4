import FoundationEssentials
import KubernetesClient
import Logging
import Telemetry

/// How this process comes to act: by holding a Lease, or at once where it was told that it is alone.
struct Election {
  let leadership: Leadership
  /// Nil: there is no election.
  let service: LeaderService?
  /// Its own, with connections and a rate of its own: no renewal waits behind the controller's requests.
  private let client: RESTClient?

  static let descriptions: [PrometheusRegistry.Description] = [
    .init("leader_election_master_status", "Gauge of if the reporting system is master of the relevant lease.")
  ]

  init(
    _ configuration: OperatorConfiguration, _ cluster: ClusterConfiguration, environment: [String: String],
    registry: PrometheusRegistry, logger: Logger, client: () throws(KubernetesError) -> RESTClient
  ) throws(KubernetesError) {
    guard configuration.electsLeader(environment) else {
      (leadership, service, self.client) = (.unconditional, nil, nil)
      return
    }
    let client = try client()
    let elector = LeaderElector(
      lease: ObjectKey(
        namespace: configuration.leaseNamespace ?? cluster.namespace, name: configuration.leaseName),
      identity: Self.identity(environment), api: client, logger: logger, metrics: registry)
    (leadership, service, self.client) = (elector.leadership, LeaderService(elector: elector), client)
  }

  /// A pod's name says where to look. What is random tells a container from the one before it in the same pod, which
  /// may have died holding the lease.
  static func identity(_ environment: [String: String]) -> String {
    "\(environment["HOSTNAME"] ?? Names.fieldManager)_\(UUID().uuidString.lowercased())"
  }

  func shutdown() async { await client?.shutdown() }
}

extension OperatorConfiguration {
  /// Somebody at a workstation has no pod to be followed by, and perhaps no right to make Leases.
  func electsLeader(_ environment: [String: String]) -> Bool {
    electsLeader
      ?? (kubeconfig == nil && ClusterConfiguration.isInCluster(context: context, environment: environment))
  }
}
