import KubernetesClient
import ProgLogClient

extension Planner {
  /// How many pods there are to be now, why, and what holds further ones back.
  ///
  /// Up at once, for a server that is no member yet costs nothing. Down one by one, and only below a server that the cluster
  /// has let go: with parallel pods a larger step would take servers that still vote (redpanda-operator#1906).
  func replicas(_ situation: Situation) -> (count: Int, reason: Step.Reason, because: String) {
    let spec = situation.spec
    let ceiling = situation.memberCeiling
    guard !spec.isHibernated else { return (0, .hibernating, "spec.hibernated is true") }
    guard let current = situation.currentReplicas else {
      return (max(spec.replicas, ceiling), .missing, "there is none")
    }
    let least = max(spec.replicas, ceiling)
    if current == 0 { return (least, .waking, "spec.hibernated is false") }
    if current < least {
      let because =
        ceiling > spec.replicas
        ? "\(situation.podName(ceiling - 1)) is still a member of the cluster" : "spec.replicas is \(spec.replicas)"
      return (least, .scalingUp, because)
    }
    guard current > least, isLetGo(current - 1, situation) else { return (current, .specChanged, "") }
    return (current - 1, .scalingDown, "spec.replicas is \(spec.replicas) and the cluster has let go of it")
  }

  /// Whether the cluster, asked just now, does not count on a server: only a leader's committed word is believed.
  func isLetGo(_ ordinal: Int, _ situation: Situation) -> Bool {
    guard let leader = situation.cluster.leader, leader.isConfigurationCommitted, !leader.members.isEmpty else {
      return false
    }
    return situation.cluster.member(situation.podName(ordinal)) == nil
  }
}
