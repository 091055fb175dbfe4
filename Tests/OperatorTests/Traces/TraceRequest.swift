import KubernetesClient
import ProgLogClient

@testable import Operator

/// One step on its way, with what was known when it was decided on.
struct TraceRequest {
  var step: Step
  /// The ProgLog as the operator saw it.
  var resource: KubernetesObject
  var disturbances: Int
  /// Under way for long, or for the second time.
  var isLate = false
}

/// What the API server or a server made of a request.
enum TraceAnswer {
  case stored(KubernetesObject, ResourceType)
  case deleted(ResourceType, ObjectKey, uid: String)
  case done
  case refused
}

extension DeletePreconditions {
  /// As the API server decides it.
  func hold(of object: KubernetesObject) -> Bool {
    object.uid == uid && (resourceVersion == nil || object.resourceVersion == resourceVersion)
  }
}

/// Requests take effect here, and what they break is written down: what no other than the operator has done.
extension TraceWorld {
  mutating func carryOut(_ request: TraceRequest) -> TraceAnswer {
    tell("\(request.isLate ? "late: " : "")\(request.step)")
    let answer = answer(to: request)
    if case .refused = answer { tell("  refused") }
    return answer
  }

  private mutating func answer(to request: TraceRequest) -> TraceAnswer {
    switch request.step.action {
    case .create(let desired), .change(let desired): return apply(desired, request)
    case .delete(let uid): return deleteClaim(request.step.object, uid, request)
    case .restart(let preconditions): return restart(request.step.object.name, preconditions, request)
    case .orphan(let uid): return orphan(uid)
    case .administer(let change): return administer(change, request)
    case .certify, .await, .refuse: preconditionFailure("\(request.step) is none of this")
    }
  }

  /// Whether what happened meanwhile may excuse it.
  private func isExcused(_ request: TraceRequest) -> Bool { request.isLate || request.disturbances != disturbances }

  private func isMember(_ name: String, of raft: Raft) -> Bool {
    (raft.members + raft.committed).contains { $0.identity.name == name }
  }

  private mutating func apply(_ desired: DesiredObject, _ request: TraceRequest) -> TraceAnswer {
    let name = desired.object.name
    let existing = self[desired.type, name]
    if !desired.object.uid.isEmpty, existing?.uid != desired.object.uid { return .refused }
    var content = existing?.content ?? [:]
    var metadata = existing?.metadata ?? [:]
    for field in ["labels", "annotations", "ownerReferences"] where desired.object.metadata[field] != nil {
      metadata[field] = desired.object.metadata[field]
    }
    if desired.type == .persistentVolumeClaim {
      metadata["ownerReferences"] = desired.object.metadata["ownerReferences"]
    }
    content["metadata"] = metadata
    for field in ["apiVersion", "kind"] { content[field] = desired.object.content[field] }
    for (field, value) in desired.object.spec.object ?? [:] {
      content["spec"] = (content["spec"] ?? [:]).setting(field, value)
    }
    if desired.type == .statefulSet { checkScale(from: existing, to: desired.object, request) }
    return .stored(put(desired.type, name, content), desired.type)
  }

  private mutating func checkScale(from old: KubernetesObject?, to new: KubernetesObject, _ request: TraceRequest) {
    let (before, after) = (old?.spec["replicas"]?.integer ?? 0, new.spec["replicas"]?.integer ?? 0)
    let asked = (try? ProgLogSpec(of: request.resource)) ?? spec
    guard after < before, !asked.isHibernated, let raft, !isExcused(request) else { return }
    for ordinal in Int(after)..<Int(before) where isMember(Names.pod(Self.name, ordinal), of: raft) {
      violate("the pod of \(Names.pod(Self.name, ordinal)), a member, is scaled away")
    }
  }

  private mutating func deleteClaim(_ object: ObjectReference, _ uid: String, _ request: TraceRequest) -> TraceAnswer {
    guard let claim = self[object.type, object.name] else { return .deleted(object.type, key(object), uid: uid) }
    guard claim.uid == uid else { return .refused }
    let pod = String(object.name.dropFirst(Names.dataVolume.utf8.count + 1))
    if let raft, isMember(pod, of: raft), !isExcused(request) { violate("the claim of \(pod), a member, is deleted") }
    markDeleted(object.type, object.name)
    return .deleted(object.type, key(object), uid: uid)
  }

  private func key(_ object: ObjectReference) -> ObjectKey { ObjectKey(namespace: "default", name: object.name) }

  private mutating func restart(
    _ name: String, _ preconditions: DeletePreconditions, _ request: TraceRequest
  ) -> TraceAnswer {
    let object = ObjectReference(type: .pod, name: name)
    guard let pod = self[.pod, name] else { return .deleted(.pod, key(object), uid: preconditions.uid) }
    guard preconditions.hold(of: pod) else { return .refused }
    if let raft, raft.voters.count > 1, caughtUp() >= raft.quorum, caughtUp(without: name) < raft.quorum,
      !isExcused(request)
    {
      violate("the restart of \(name) takes the quorum: \(caughtUp(without: name)) of \(raft.voters.count) are left")
    }
    deletePod(name, grace: Int64.random(in: 1...3, using: &random))
    return .deleted(.pod, key(object), uid: preconditions.uid)
  }

  private mutating func orphan(_ uid: String) -> TraceAnswer {
    // A client takes 404 for success.
    guard let statefulSet else { return .deleted(.statefulSet, Self.identity, uid: uid) }
    guard statefulSet.uid == uid else { return .refused }
    for pod in pods where pod.controllerUID == uid {
      edit(.pod, pod.name) { $0["metadata"]?["ownerReferences"] = nil }
    }
    remove(.statefulSet, Self.name)
    return .deleted(.statefulSet, Self.identity, uid: uid)
  }

  // MARK: Members

  private mutating func administer(_ change: Step.MembershipChange, _ request: TraceRequest) -> TraceAnswer {
    if case .bootstrap(let pod, let id) = change { return bootstrap(pod, id) }
    guard var raft, let leader = raft.leader, leader.name == change.pod, isLive(leader) else { return .refused }
    if raft.commitsAt != nil || raft.transfer != nil {
      if !isExcused(request) { violate("\(request.step.title) while another change was in flight") }
      return .refused
    }
    let before = caughtUp() >= raft.quorum
    switch change {
    case .bootstrap, .recover:
      violate("nobody has consented to \(request.step.title)")
      return .refused
    case .add(let identity, _, _):
      guard !raft.members.contains(where: { $0.identity.name == identity.name }) else { return .refused }
      raft.members.append(ClusterMember(identity: identity, address: "", role: .learner))
    case .promote(let name, _):
      guard let index = raft.members.firstIndex(where: { $0.identity.name == name }) else { return .refused }
      raft.members[index].role = .voter
    case .remove(let name, _):
      guard let index = raft.members.firstIndex(where: { $0.identity.name == name }) else { return .refused }
      checkRemoval(raft.members[index], leader, request)
      raft.members.remove(at: index)
    case .transferLeadership(let name, _):
      let target = raft.voters.first { voter in
        (name == nil || voter.identity.name == name) && voter.identity != leader && isLive(voter.identity)
      }
      guard let target else { return .refused }
      raft.transfer = (target.identity, time + Int64.random(in: 0...2, using: &random))
      self.raft = raft
      return .done
    }
    raft.configurationIndex += 1
    raft.commitsAt = time + Int64.random(in: 0...5, using: &random)
    self.raft = raft
    if before, caughtUp() < raft.quorum, !isExcused(request) {
      violate("\(request.step.title) leaves \(caughtUp()) of \(raft.voters.count) voters caught up")
    }
    if raft.commitsAt == time { runCommitNow() }
    return .done
  }

  private mutating func runCommitNow() {
    guard var raft, caughtUp() >= raft.quorum else { return }
    raft.committed = raft.members
    raft.commitsAt = nil
    self.raft = raft
  }

  private mutating func bootstrap(_ pod: String, _ id: String) -> TraceAnswer {
    guard let uid = disk(ofRunning: pod), let disk = disks[uid], disk.clusterID == nil else { return .refused }
    bootstraps += 1
    if bootstraps > 1 { violate("a log was begun for the second time") }
    let kept = (objects[.persistentVolumeClaim] ?? [:]).values.filter { disks[$0.uid]?.clusterID != nil }
    if !kept.isEmpty { violate("a cluster is begun beside that on \(kept.map(\.name))") }
    let member = ClusterMember(
      identity: NodeIdentity(name: pod, incarnation: disk.incarnation), address: "", role: .voter)
    disks[uid]?.clusterID = id
    // Some logs are longer by the time that others come, and take them a while.
    let length: UInt64 = chance(50) ? 1 : 25_000
    disks[uid]?.lastIndex = length
    raft = Raft(members: [member], committed: [member], leader: member.identity, lastIndex: length)
    return .done
  }

  private mutating func checkRemoval(_ member: ClusterMember, _ leader: NodeIdentity, _ request: TraceRequest) {
    let name = member.identity.name
    if member.identity == leader { violate("\(name) is removed while it leads") }
    guard !isExcused(request), let asked = try? ProgLogSpec(of: request.resource),
      let ordinal = Names.ordinal(name, of: Self.name)
    else { return }
    let life = claim(ofPod: name).flatMap { disks[$0.uid] }?.incarnation
    if ordinal < asked.replicas, life == member.identity.incarnation {
      violate("\(name), which the spec keeps, is removed")
    }
  }
}
