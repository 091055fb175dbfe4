import KubernetesClient

extension ObjectBuilder {
  /// How many servers a drain may take at once; nil where none is wanted or the cluster knows no budgets.
  func disruptionBudget() -> DesiredObject? {
    guard spec.podDisruptionBudget.isEnabled, let disruptionsAllowed, let type = capabilities.disruptionBudget else {
      return nil
    }
    var budget: JSONValue = [
      "maxUnavailable": .integer(Int64(disruptionsAllowed)),
      "selector": ["matchLabels": .object(Names.selector(name))],
    ]
    // A server that is down anyway must not hold up the drain of its node for ever: evicting it takes no vote away.
    if capabilities.hasUnhealthyPodEviction { budget["unhealthyPodEvictionPolicy"] = "AlwaysAllow" }
    return object(type, Names.disruptionBudget(name), .server, body: ["spec": budget])
  }
}
