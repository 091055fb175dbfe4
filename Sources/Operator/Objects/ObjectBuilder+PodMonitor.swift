import KubernetesClient

extension ObjectBuilder {
  /// Has Prometheus scrape every server; nil unless it is asked for and the cluster knows the kind.
  func podMonitor() -> DesiredObject? {
    guard spec.monitoring.podMonitor, capabilities.hasPodMonitors else { return nil }
    return object(
      .podMonitor, Names.podMonitor(name), .server, labels: spec.monitoring.podMonitorLabels,
      body: [
        "spec": [
          "selector": ["matchLabels": .object(Names.selector(name))],
          "podMetricsEndpoints": [["port": .string(Port.ops.rawValue), "path": "/metrics"]],
        ]
      ])
  }
}
