import KubernetesClient

extension ResourceType {
  /// Disruption budgets before Kubernetes 1.21; gone in 1.25.
  static let disruptionBudgetBeta = ResourceType(
    group: "policy", version: "v1beta1", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets")
}

extension Capabilities {
  /// What discovery is asked about.
  static let questions = [ResourceType.disruptionBudget, .disruptionBudgetBeta, .podMonitor]

  /// `unhealthyPodEvictionPolicy` is on without being asked for from here on. An older server would drop the field
  /// silently, and the operator would find it missing at each pass.
  private static let unhealthyPodEviction = APIDiscovery.ServerVersion(major: 1, minor: 27)

  /// What was found; where that is unknown, what was known before, but for disruption budgets.
  func updated(by discovery: APIDiscovery) -> Capabilities {
    var new = self
    switch (discovery.serves(.disruptionBudget), discovery.serves(.disruptionBudgetBeta)) {
    case (false?, false?): new.disruptionBudget = nil
    // Unknown is a version that is listed and could not be read: none of its group has ever been without budgets, and an
    // informer of the wrong version would never end its first list.
    case (false?, _): new.disruptionBudget = .disruptionBudgetBeta
    default: new.disruptionBudget = .disruptionBudget
    }
    if let version = discovery.version { new.hasUnhealthyPodEviction = version >= Self.unhealthyPodEviction }
    new.hasPodMonitors = discovery.serves(.podMonitor) ?? hasPodMonitors
    return new
  }
}
