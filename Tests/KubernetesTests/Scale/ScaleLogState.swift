import KubernetesClient

/// What a ProgLog says of itself, as far as it tells whether there is anything left to do for it.
struct ScaleLogState {
  var generation: String
  var observedGeneration: String
  var isHibernated: Bool
  var replicas: Int
  /// Status and reason by type.
  var conditions: [String: String]
  var plan: [String]

  /// Nil when the operator has seen the newest spec and has done all that can be done without a node. A log that hibernates is then
  /// wholly as its spec asks. Of any other the plan waits for each of its pods and holds nothing else.
  var obstacle: String? {
    guard observedGeneration == generation else { return "its newest spec was not seen" }
    guard conditions["Degraded"] == "False/AsExpected" else { return "it is degraded" }
    if isHibernated {
      guard conditions["Progressing"] == "False/Converged", conditions["Ready"] == "False/Hibernated", plan.isEmpty
      else { return "it hibernates and has not converged" }
      return nil
    }
    guard conditions["Progressing"] == "True/PodNotReady", conditions["Ready"] == "False/PodNotReady",
      plan.count == replicas, plan.allSatisfy({ $0.hasPrefix("wait for Pod ") && $0.contains("=PodNotReady: ") })
    else { return "it does not just wait for its pods" }
    return nil
  }

  private static let template =
    #"jsonpath={range .items[*]}{.metadata.namespace}{"\t"}{.metadata.name}{"\t"}{.metadata.generation}{"\t"}"#
    + #"{.status.observedGeneration}{"\t"}{.spec.hibernated}{"\t"}{.spec.replicas}{"\t"}"#
    + #"{range .status.conditions[*]}{.type}={.status}/{.reason} {end}{"\t"}"#
    + #"{range .status.plan[*]}{.step}={.reason};{end}{"\n"}{end}"#

  /// Of every log in the cluster.
  static func all() async throws -> [ObjectKey: ScaleLogState] {
    let text = try await Cluster.kubectl("get", "proglogs", "-A", "-o", template)
    return text.split(separator: "\n").reduce(into: [:]) { states, line in
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard fields.count == 8 else { return }
      states[ObjectKey(namespace: fields[0], name: fields[1])] = ScaleLogState(fields)
    }
  }

  private init(_ fields: [String]) {
    generation = fields[2]
    observedGeneration = fields[3]
    isHibernated = fields[4] == "true"
    replicas = Int(fields[5]) ?? 0
    conditions = fields[6].split(separator: " ").reduce(into: [:]) { conditions, text in
      let parts = text.split(separator: "=").map(String.init)
      if parts.count == 2 { conditions[parts[0]] = parts[1] }
    }
    plan = fields[7].split(separator: ";").map(String.init)
  }
}
