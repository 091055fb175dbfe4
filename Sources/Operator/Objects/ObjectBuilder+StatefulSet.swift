import KubernetesClient

extension ObjectBuilder {
  /// The servers. `Parallel` and `OnDelete`, since the operator steps pods itself: an ordered update waits forever for a
  /// broken pod (kubernetes#67250) and knows no leader. What becomes of claims is the operator's to decide too: the
  /// StatefulSet's own retention policy is not on every version.
  /// - Parameters:
  ///   - existing: the StatefulSet that is there, whose claim templates must be kept as they are.
  ///   - replicas: how many pods there are to be now.
  func statefulSet(existing: KubernetesObject?, replicas: Int) -> DesiredObject {
    let spec: [String: JSONValue] = [
      "serviceName": .string(Names.headlessService(name)),
      "podManagementPolicy": "Parallel",
      "updateStrategy": ["type": "OnDelete"],
      "selector": ["matchLabels": .object(Names.selector(name))],
      "template": podTemplate(),
    ]
    var whole = spec
    // The plan steps it. Not in the fingerprint: that another number is wanted is seen by comparing, and no change of
    // the spec.
    whole["replicas"] = .integer(Int64(replicas))
    // The templates as stored carry the server's defaults; fingerprinting them would tell a change where none is.
    whole["volumeClaimTemplates"] = existing?.spec["volumeClaimTemplates"] ?? [claimTemplate()]
    return object(
      .statefulSet, Names.statefulSet(name), .server, annotations: [Names.tlsModeAnnotation: tlsMode.rawValue],
      body: ["spec": .object(whole)], fingerprinted: ["spec": .object(spec)])
  }
}
