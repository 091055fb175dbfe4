import KubernetesClient
import ProgLogClient

/// Restarts: of servers that are down first, of healthy ones only as long as the cluster can spare them, of the leader last.
extension Planner {
  /// Waits for pods that do not serve; shown beside whatever else is done.
  func unready(_ situation: Situation) -> [Step] {
    if situation.spec.isHibernated {
      return situation.observation.pods.map {
        pending(.podNotReady, situation.reference(pod: $0.name), because: "it is shutting down")
      }
    }
    return situation.builder.ordinals.compactMap { ordinal in
      let pod = situation.pod(ordinal)
      guard pod?.isReady != true else { return nil }
      return pending(
        .podNotReady, situation.reference(pod: ordinal),
        because: pod.map(Self.whyNotReady) ?? "the StatefulSet has not made it yet")
    }
  }

  /// Pods that are down and that being made anew would mend, whether or not a quorum is left: those of an older template, which
  /// a newer one must reach (kubernetes#67250), and those without a claim. What answers is not down, ready or not: it may be
  /// a voter that waits for its leader.
  func mends(_ situation: Situation) -> [Step] {
    let stale = situation.builder.ordinals.compactMap { situation.pod($0) }.filter { pod in
      !pod.isBeingDeleted && !pod.isReady && situation.cluster.reports[pod.name] == nil
    }
    return stale.compactMap { pod in
      let why = hasNoClaim(pod, situation) ? "its claim is gone, and none is made for it" : staleness(pod, situation)
      return why.map { mend(pod, $0, situation) }
    }
  }

  /// Its probe and our own call may both fail while its server runs: the one for want of a leader, the other on its way.
  private func mend(_ pod: KubernetesObject, _ why: String, _ situation: Situation) -> Step {
    let cluster = situation.cluster
    // What was down a moment ago, by a cache that lags, may be up again and about to be elected.
    var step = restart(pod, .notReady, asSeen: true, because: "it does not serve, and \(why)")
    if cluster.hearsVoter(pod.name), !cluster.keepsQuorum(without: [pod.name]) {
      step.heldBackBy = "its leader hears it: a quorum of the other voters must be caught up"
    } else if let follower = cluster.follower(of: pod.name) {
      step.heldBackBy = "\(follower) follows it as its leader"
    } else if let other = coming(situation), other != pod.name {
      step.heldBackBy = "one at a time: Pod \(other) must come up first"
    } else if isRunning(pod), let other = changedLately(situation) {
      step.heldBackBy =
        "it runs, and may be about to get a leader: Pod \(other) changed less than \(Self.electionGrace) s ago"
    }
    return step
  }

  /// How long no server may have come or gone before one that runs, silent and not ready, is taken for stuck: a leader
  /// would have been elected among those that run, and it ready then. In seconds; elections and probes take less than ten.
  static let electionGrace: Int64 = 30

  /// Whether a server runs in the pod as far as its kubelet knows; one whose container waits, say for an image, does not.
  private func isRunning(_ pod: KubernetesObject) -> Bool {
    guard pod.status["phase"]?.string == "Running" else { return false }
    guard let containers = pod.status["containerStatuses"]?.array else { return true }
    return containers.contains { $0[path: "state", "running"] != nil }
  }

  /// A pod that runs and became ready, or ceased to be, a short while ago.
  private func changedLately(_ situation: Situation) -> String? {
    situation.observation.pods.first { pod in
      guard isRunning(pod), let change = pod.condition("Ready")?["lastTransitionTime"]?.string ?? pod.creationTime,
        let time = OperatorClock.seconds(of: change)
      else { return false }
      return situation.observation.time - time < Self.electionGrace
    }?.name
  }

  /// A pod of the newest template of which nothing is heard yet, and that may come up by itself.
  private func coming(_ situation: Situation) -> String? {
    situation.wanted.first { ordinal in
      guard let pod = situation.pod(ordinal) else { return true }
      return !pod.isReady && situation.cluster.reports[pod.name] == nil && staleness(pod, situation) == nil
        && pod.condition("PodScheduled")?["status"]?.string != "False"
    }.map(situation.podName)
  }

  /// Whether a pod waits for a claim that never comes: many versions of the StatefulSet controller make claims along with pods only, and
  /// this one was made while the old claim was going (cloudnative-pg#10985).
  private func hasNoClaim(_ pod: KubernetesObject, _ situation: Situation) -> Bool {
    guard pod.condition("PodScheduled")?["reason"]?.string == "Unschedulable",
      let ordinal = situation.ordinal(of: pod.name)
    else { return false }
    return situation.observation[.persistentVolumeClaim, Names.claim(situation.name, ordinal)] == nil
  }

  /// Pods of an older template that answer: learners, followers, then the leader once another leads.
  func rolls(_ situation: Situation) -> [Step] {
    let cluster = situation.cluster
    let stale = situation.builder.ordinals.compactMap { ordinal -> (rank: Int, pod: KubernetesObject, why: String)? in
      guard let pod = situation.pod(ordinal), !pod.isBeingDeleted, let why = staleness(pod, situation),
        pod.isReady || cluster.reports[pod.name] != nil
      else { return nil }
      return (rank(pod.name, ordinal, cluster), pod, why)
    }
    return stale.sorted { $0.rank < $1.rank }.map { roll($0.pod, $0.why, situation) }
  }

  /// Why a pod must be made anew, in a clause; nil when it need not, or when that cannot be told yet.
  func staleness(_ pod: KubernetesObject, _ situation: Situation) -> String? {
    guard let statefulSet = situation.statefulSet, isSeen(statefulSet),
      let wanted = statefulSet.status["updateRevision"]?.string, pod.labels[Names.revisionLabel] != wanted
    else { return nil }
    return "it was made from an older template of the StatefulSet"
  }

  /// Whether the StatefulSet's controller has seen its latest template; its status speaks of an older one before.
  func isSeen(_ statefulSet: KubernetesObject) -> Bool {
    (statefulSet.status["observedGeneration"]?.integer ?? 0) >= statefulSet.generation
  }

  private func rank(_ pod: String, _ ordinal: Int, _ cluster: ClusterState) -> Int {
    if cluster.leaderPod == pod { return 1000 }
    // Without a vote first, then from the top, as the StatefulSet would.
    return (cluster.member(pod)?.role == .voter ? 100 : 0) - ordinal
  }

  private func roll(_ pod: KubernetesObject, _ why: String, _ situation: Situation) -> Step {
    let cluster = situation.cluster
    var step = restart(pod, .templateChanged, asSeen: false, because: why)
    let isVoter = cluster.member(pod.name)?.role == .voter
    guard isVoter || cluster.members.isEmpty, cluster.voters.count != 1 else { return step }
    if cluster.leader == nil {
      step.heldBackBy = "the cluster must have a leader"
    } else if !cluster.keepsQuorum(without: [pod.name]) {
      step.heldBackBy = "a quorum of the other voters must be caught up"
    } else if cluster.leaderPod == pod.name {
      return moveLeadership(situation, because: "it leads, and must be restarted: \(why)")
    }
    return step
  }

  /// - Parameter asSeen: not if anything about the pod has changed since it was seen.
  private func restart(
    _ pod: KubernetesObject, _ reason: Step.Reason, asSeen: Bool, because: String
  ) -> Step {
    let preconditions = DeletePreconditions(uid: pod.uid, resourceVersion: asSeen ? pod.resourceVersion : nil)
    return Step(
      action: .restart(onlyIf: preconditions), object: ObjectReference(type: .pod, name: pod.name), reason: reason,
      because: because)
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
