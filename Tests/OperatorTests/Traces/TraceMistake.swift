import KubernetesClient
import ProgLogClient

@testable import Operator

/// Mistakes that operators made, put around the planner's steps to show that the traces find them.
enum TraceMistake: String, CaseIterable, Sendable {
  /// The StatefulSet goes to the wanted size at once (redpanda-operator#1906).
  case scalesDownAtOnce
  /// Who goes is told by the place in a list of names (etcd-operator#443).
  case removesByListOrder
  /// Fewer pods are a wish for fewer (etcd-operator#193).
  case takesMissingPodForIntent
  /// Who does not answer is taken out (arcadedb#5275).
  case removesSilentMember
  case deletesClaimBeforeRemoval
  case restartsWithoutQuorum
  case restartsSeveral
  case removesWithoutQuorum
  case removesLeader
  case bootstrapsEmptyDisk
  case bootstrapsBesideSilence
  case promotesLaggingLearner
  case ignoresChangeInFlight
  /// What waits for an election is taken for stuck.
  case restartsDuringElection

  func mislead(_ observation: inout Observation) {
    switch self {
    case .restartsDuringElection: observation.time += 1000
    case .ignoresChangeInFlight:
      for (pod, answer) in observation.answers {
        guard var report = answer.report else { continue }
        report.isConfigurationCommitted = true
        report.transferTarget = nil
        observation.answers[pod] = .report(report)
      }
    case .bootstrapsBesideSilence:
      // Silent ones are taken for new ones, as long as nobody is in a cluster.
      guard observation.answers.values.allSatisfy({ $0.report?.clusterID == nil }) else { return }
      for (pod, answer) in observation.answers where answer.report == nil {
        observation.answers[pod] = .report(NodeReport(identity: NodeIdentity(name: pod, incarnation: "?"), address: ""))
      }
      observation.resource.content["status"]?["clusterID"] = nil
    default: break
    }
  }

  func spoil(_ steps: [Step], _ situation: Situation) -> [Step] {
    let cluster = situation.cluster
    let leader = cluster.leaderPod ?? ""
    func asking(_ change: Step.MembershipChange, _ pod: String) -> Step {
      Step(
        action: .administer(change), object: ObjectReference(type: .pod, name: pod), reason: .memberSurplus,
        because: "of \(rawValue)")
    }
    switch self {
    case .scalesDownAtOnce: return scaled(to: situation.spec.replicas, steps, situation)
    case .takesMissingPodForIntent:
      return scaled(to: max(1, situation.observation.pods.count), steps, situation)
    case .removesByListOrder:
      let names = cluster.members.map(\.identity.name).sorted()
      return steps.map { step in
        guard case .administer(.remove) = step.action, step.reason == .memberSurplus,
          let name = names.dropFirst(situation.spec.replicas).last, name != leader
        else { return step }
        return asking(.remove(name, at: leader), name)
      }
    case .removesSilentMember:
      let silent = cluster.members.first { cluster.silent[$0.identity.name] != nil && $0.identity.name != leader }
      guard let silent, cluster.leader != nil, !steps.contains(where: { $0.isExecutable && $0.isDisruptive }) else {
        return steps
      }
      return steps + [asking(.remove(silent.identity.name, at: leader), silent.identity.name)]
    case .deletesClaimBeforeRemoval:
      guard situation.spec.storage.whenScaled == .delete, !situation.spec.isHibernated else { return steps }
      return steps
        + situation.observation.all(.persistentVolumeClaim).compactMap { claim in
          let ordinal = situation.ordinal(of: String(claim.name.dropFirst(5)))
          guard let ordinal, ordinal >= situation.spec.replicas, !claim.isBeingDeleted else { return nil }
          return Step(
            action: .delete(uid: claim.uid), object: ObjectReference(type: .persistentVolumeClaim, name: claim.name),
            reason: .scalingDown, because: "of \(rawValue)")
        }
    case .restartsWithoutQuorum:
      return freed(steps) { $0.heldBackBy == "a quorum of the other voters must be caught up" }
    case .restartsSeveral: return freed(steps) { $0.heldBackBy?.hasPrefix("one at a time") == true }
    case .removesWithoutQuorum:
      return freed(steps) { $0.heldBackBy == "a quorum of the other voters must be caught up first" }
    case .removesLeader:
      return steps.map { step in
        guard step.reason == .leaderMustMove, step.because.contains("spec.replicas"), step.heldBackBy == nil else {
          return step
        }
        return asking(.remove(leader, at: leader), leader)
      }
    case .bootstrapsEmptyDisk:
      let empty = cluster.reports.values.first { $0.clusterID == nil }
      guard let empty, !steps.contains(where: { $0.isExecutable && $0.isDisruptive }) else { return steps }
      let pod = empty.identity.name
      let id = Planner.clusterID(of: situation.builder.identity)
      return steps + [asking(.bootstrap(at: pod, clusterID: id), pod)]
    case .promotesLaggingLearner:
      return steps.map { step in
        guard step.reason == .memberCatchingUp else { return step }
        return asking(.promote(step.object.name, at: leader), step.object.name)
      }
    case .ignoresChangeInFlight, .bootstrapsBesideSilence, .restartsDuringElection: return steps
    }
  }

  /// The first step that is held back for this reason is taken.
  private func freed(_ steps: [Step], _ isMeant: (Step) -> Bool) -> [Step] {
    guard let index = steps.firstIndex(where: { $0.isDisruptive && isMeant($0) }) else { return steps }
    var steps = steps
    steps[index].heldBackBy = nil
    return steps
  }

  private func scaled(to replicas: Int, _ steps: [Step], _ situation: Situation) -> [Step] {
    guard let current = situation.currentReplicas, replicas < current, !situation.spec.isHibernated else {
      return steps
    }
    let desired = situation.builder.statefulSet(existing: situation.statefulSet, replicas: replicas)
    let step = Step(
      action: .change(desired), object: desired.reference, reason: .scalingDown, because: "of \(rawValue)")
    return steps.filter { $0.object.type != .statefulSet } + [step]
  }
}
