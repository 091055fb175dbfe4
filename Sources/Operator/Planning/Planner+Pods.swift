import KubernetesClient

extension Planner {
  /// Restarts pods that run an old template, one at a time, and waits for those that do not serve.
  /// - Parameter isTemplateSettled: whether the StatefulSet is as the spec asks, so that a new pod is the right one.
  func pods(_ builder: ObjectBuilder, _ observation: Observation, isTemplateSettled: Bool) -> [Step] {
    guard let statefulSet = observation.statefulSet, isTemplateSettled else {
      return (0..<builder.spec.replicas).compactMap { notReady(builder, $0, observation) }
    }
    // Its status tells of the template's revision only once the controller has seen the template.
    let observedGeneration = statefulSet.status["observedGeneration"]?.integer ?? 0
    guard observedGeneration >= statefulSet.generation else {
      return [
        Step(
          action: .await, object: ObjectReference(type: .statefulSet, name: statefulSet.name), reason: .templatePending,
          because: "its controller has not yet seen generation \(statefulSet.generation)")
      ] + (0..<builder.spec.replicas).compactMap { notReady(builder, $0, observation) }
    }
    var steps: [Step] = []
    var inRestart: String?
    for ordinal in 0..<builder.spec.replicas {
      let wait = notReady(builder, ordinal, observation)
      if let pod = observation.pod(ordinal), !pod.isBeingDeleted, isStale(pod, statefulSet) {
        steps.append(restart(pod, heldBackBy: inRestart.map { "one at a time: Pod \($0) first" }))
        inRestart = inRestart ?? pod.name
      } else if let wait {
        steps.append(wait)
        inRestart = inRestart ?? wait.object.name
      }
    }
    return steps
  }

  /// Waits for the addresses that `spec.access.type` promises.
  func addresses(_ builder: ObjectBuilder, _ observation: Observation) -> [Step] {
    guard builder.spec.access.common.type == .loadBalancer else { return [] }
    return (0..<builder.spec.replicas).compactMap { ordinal in
      let name = Names.podService(builder.name, ordinal)
      guard Member.loadBalancer(of: observation[.service, name]) == nil else { return nil }
      return Step(
        action: .await, object: ObjectReference(type: .service, name: name), reason: .addressPending,
        because: "no load balancer has given it an address; in a cluster that has none, "
          + "set spec.access.type to NodePort or ClusterIP")
    }
  }

  private func isStale(_ pod: KubernetesObject, _ statefulSet: KubernetesObject) -> Bool {
    guard let wanted = statefulSet.status["updateRevision"]?.string else { return false }
    return pod.labels[Names.revisionLabel] != wanted
  }

  private func restart(_ pod: KubernetesObject, heldBackBy: String?) -> Step {
    Step(
      action: .restart(uid: pod.uid), object: ObjectReference(type: .pod, name: pod.name), reason: .templateChanged,
      because: "it was made from an older template of the StatefulSet", heldBackBy: heldBackBy)
  }

  private func notReady(_ builder: ObjectBuilder, _ ordinal: Int, _ observation: Observation) -> Step? {
    let pod = observation.pod(ordinal)
    guard pod?.isReady != true else { return nil }
    return Step(
      action: .await, object: ObjectReference(type: .pod, name: Names.pod(builder.name, ordinal)),
      reason: .podNotReady, because: pod.map(Self.whyNotReady) ?? "the StatefulSet has not made it yet")
  }

  /// The first thing that a person would look up with `kubectl describe pod`.
  private static func whyNotReady(_ pod: KubernetesObject) -> String {
    if pod.isBeingDeleted { return "it is being deleted" }
    if let scheduled = pod.condition("PodScheduled"), scheduled["status"]?.string == "False" {
      return "it is not scheduled: \(scheduled["message"]?.string ?? "no reason given")"
    }
    if pod.status["phase"]?.string == "Pending", pod.status["containerStatuses"] == nil {
      return "it has not been started on a node yet"
    }
    for container in pod.status["containerStatuses"]?.array ?? [] {
      if let reason = container[path: "state", "waiting", "reason"]?.string { return "its container waits: \(reason)" }
      if let reason = container[path: "state", "terminated", "reason"]?.string {
        return "its container ended: \(reason)"
      }
      if container["started"]?.bool == false { return "its container is starting" }
    }
    return "it does not answer its readiness probe yet"
  }
}
