import KubernetesClient
import ProgLogClient

/// Who is to be a member of the cluster. Each function gives what is to be done in its order; `Planner.disruptions` lets one
/// of all these steps be taken at a time.
extension Planner {
  func membership(_ situation: Situation) -> [Step] {
    let cluster = situation.cluster
    if cluster.clusterIDs.count > 1 { return [clustersDiffer(situation)] }
    guard cluster.clusterIDs.first != nil else { return firstStart(situation) }
    guard cluster.leader != nil else { return leaderless(situation) }
    if let change = cluster.changeInFlight {
      return [pending(.changeInFlight, progLog(situation), because: change)]
    }
    return wiped(situation) + learners(situation) + missing(situation) + surplus(situation) + unknown(situation)
  }

  // MARK: The first start

  /// Bootstrap is done once in a log's life, on a server that was in no cluster, when no server was: an empty disk alone is
  /// never a reason (DESIGN: identity).
  private func firstStart(_ situation: Situation) -> [Step] {
    let missing = situation.wanted.filter { situation.cluster.reports[situation.podName($0)] == nil }
    guard missing.isEmpty else {
      // A pod that does not run says so itself.
      return missing.compactMap { ordinal in
        situation.cluster.silent[situation.podName(ordinal)].map {
          pending(
            .memberSilent, situation.reference(pod: ordinal),
            because: "whether it belongs to a cluster is not known: \($0)")
        }
      }
    }
    if let lost = situation.recordedClusterID {
      return [
        refuse(
          .clusterLost, progLog(situation),
          because: "no server remembers cluster \(lost): their volumes are new. Bring the volumes back, or delete the "
            + "ProgLog and make it anew to begin an empty log")
      ]
    }
    if let claim = staleClaim(situation) { return [claim] }
    let first = situation.podName(0)
    var step = administer(
      .bootstrap(at: first, clusterID: Self.clusterID(of: situation.builder.identity)), first, .firstStart,
      because: "no server belongs to a cluster yet")
    switch situation.recordedFirstMember {
    // Its cluster may be gone with its volume before anybody has heard of it. An operator that knew nothing of it would
    // begin a second one.
    case nil: step.heldBackBy = "status.firstMember must name it first"
    case situation.cluster.reports[first]?.identity: break
    case let lost?:
      return [
        refuse(
          .clusterLost, progLog(situation),
          because: "the log was to begin on \(lost.name), whose volume is another one now: whether it had begun is not "
            + "known. Bring the volume back, or delete the ProgLog and make it anew to begin an empty log")
      ]
    }
    return [step]
  }

  /// `status.firstMember`: on which volume the log begins, written before it does and kept.
  func describeFirstMember(_ situation: Situation, in status: inout JSONValue) {
    let reports = situation.cluster.reports
    guard situation.recordedFirstMember == nil, situation.recordedClusterID == nil,
      situation.cluster.clusterIDs.isEmpty,
      situation.statefulSet != nil, situation.wanted.allSatisfy({ reports[situation.podName($0)] != nil }),
      let first = reports[situation.podName(0)]?.identity
    else { return }
    status["firstMember"] = ["name": .string(first.name), "incarnation": .string(first.incarnation)]
  }

  /// A volume of a server that the spec does not have may hold the only copies of records: a new cluster would forget it.
  private func staleClaim(_ situation: Situation) -> Step? {
    let claims = situation.observation.all(.persistentVolumeClaim).filter { claim in
      guard claim.name.hasPrefix("\(Names.dataVolume)-") else { return false }
      let pod = String(claim.name.dropFirst(Names.dataVolume.utf8.count + 1))
      return situation.ordinal(of: pod).map { !situation.wanted.contains($0) } ?? false
    }
    return claims.first.map { claim in
      refuse(
        .staleClaims, ObjectReference(type: .persistentVolumeClaim, name: claim.name),
        because: "it is left from an earlier log of this name, of whose servers the spec has too few to find it again: "
          + "raise spec.replicas to get the log back, or delete the claim to begin an empty one")
    }
  }

  /// 32 hexadecimal digits. The ProgLog's own uid: a plan that is made twice asks for the same cluster.
  static func clusterID(of identity: Identity) -> String {
    let digits = identity.uid.lowercased().filter(\.isHexDigit)
    return digits.count == 32 ? digits : Fingerprint("\(identity.uid)/1").text + Fingerprint("\(identity.uid)/2").text
  }

  private func clustersDiffer(_ situation: Situation) -> Step {
    let who = situation.cluster.reports.sorted { $0.key < $1.key }
      .compactMap { pod, report in report.clusterID.map { "\(pod) in \($0)" } }
    return refuse(
      .clustersDiffer, progLog(situation),
      because: "servers belong to clusters of their own (\(who.joined(separator: ", "))): which one has the log is for "
        + "a person to tell. Delete the claim and then the pod of each that has not")
  }

  // MARK: Changes, in their order

  /// A server whose disk is new votes no more: what it had promised is lost. It goes, and comes back as a learner.
  private func wiped(_ situation: Situation) -> [Step] {
    let cluster = situation.cluster
    return cluster.members.compactMap { member in
      let name = member.identity.name
      guard let report = cluster.reports[name], report.identity.incarnation != member.identity.incarnation else {
        return nil
      }
      return remove(
        member, situation, .memberWiped, because: "its volume is new: it has lost what it had promised as a voter")
    }
  }

  private func learners(_ situation: Situation) -> [Step] {
    let cluster = situation.cluster
    return cluster.members.compactMap { member in
      let name = member.identity.name
      guard member.role == .learner, let ordinal = situation.ordinal(of: name), situation.wanted.contains(ordinal),
        isAsMember(member, cluster)
      else { return nil }
      if cluster.isCaughtUp(member) {
        return administer(
          .promote(name, at: cluster.leaderPod ?? ""), name, .memberCaughtUp, because: "it has the whole log")
      }
      let lag = member.progress.map { "it lacks \($0.lag) entries" } ?? "the leader has not heard of it yet"
      return pending(.memberCatchingUp, situation.reference(pod: name), because: lag)
    }
  }

  private func missing(_ situation: Situation) -> [Step] {
    let cluster = situation.cluster
    return situation.wanted.compactMap { ordinal in
      let name = situation.podName(ordinal)
      guard cluster.member(name) == nil, situation.pod(ordinal)?.isBeingDeleted == false else { return nil }
      guard let report = cluster.reports[name] else {
        // A pod that does not run says so itself.
        return cluster.silent[name].map {
          pending(.memberSilent, situation.reference(pod: ordinal), because: "it cannot be made a member: \($0)")
        }
      }
      return administer(
        .add(report.identity, address: address(ordinal, situation), at: cluster.leaderPod ?? ""), name, .memberMissing,
        because: "spec.replicas is \(situation.spec.replicas)")
    }
  }

  /// The highest first, as the StatefulSet takes pods away.
  private func surplus(_ situation: Situation) -> [Step] {
    let cluster = situation.cluster
    guard !situation.spec.isHibernated else { return [] }
    let members = cluster.members.compactMap { member in
      situation.ordinal(of: member.identity.name).map { (ordinal: $0, member: member) }
    }
    return members.filter { !situation.wanted.contains($0.ordinal) }.sorted { $0.ordinal > $1.ordinal }.map {
      let because = "spec.replicas is \(situation.spec.replicas)"
      guard $0.member.identity == cluster.leader?.identity else {
        return remove($0.member, situation, .memberSurplus, because: because)
      }
      return moveLeadership(situation, because: "it leads, and \(because)")
    }
  }

  /// Members that somebody else has added are somebody else's.
  private func unknown(_ situation: Situation) -> [Step] {
    situation.cluster.members.map(\.identity.name).filter { situation.ordinal(of: $0) == nil }.map { name in
      refuse(
        .unknownMember, progLog(situation),
        because: "\(name) is a member of the cluster and no pod of this ProgLog; "
          + "'logctl cluster remove \(name)' takes it out")
    }
  }

  private func remove(
    _ member: ClusterMember, _ situation: Situation, _ reason: Step.Reason, because: String
  ) -> Step {
    let cluster = situation.cluster
    let name = member.identity.name
    var step = administer(.remove(name, at: cluster.leaderPod ?? ""), name, reason, because: because)
    let votersLeft = cluster.voters.count - (member.role == .voter ? 1 : 0)
    if votersLeft == 0 || !cluster.keepsQuorum(without: [name], of: votersLeft) {
      step.heldBackBy = "a quorum of the other voters must be caught up first"
    }
    return step
  }

  /// To a voter that stays and need not be restarted, if there is one.
  func moveLeadership(_ situation: Situation, because: String) -> Step {
    let cluster = situation.cluster
    let leader = cluster.leaderPod ?? ""
    let candidates = cluster.voters.filter { voter in
      guard let ordinal = situation.ordinal(of: voter.identity.name) else { return false }
      return voter.identity.name != leader && situation.wanted.contains(ordinal) && cluster.isCaughtUp(voter)
        && isAsMember(voter, cluster)
    }
    let fresh = candidates.first { voter in
      situation.ordinal(of: voter.identity.name).flatMap(situation.pod).map { staleness($0, situation) == nil } ?? false
    }
    let target = fresh ?? candidates.first
    var step = administer(
      .transferLeadership(to: target?.identity.name, at: leader), leader, .leaderMustMove, because: because)
    if target == nil { step.heldBackBy = "no other voter that stays is caught up" }
    return step
  }

  /// Whether who answers under a member's name is that member.
  private func isAsMember(_ member: ClusterMember, _ cluster: ClusterState) -> Bool {
    cluster.reports[member.identity.name].map { $0.identity == member.identity } ?? true
  }

  private func address(_ ordinal: Int, _ situation: Situation) -> String {
    "\(Names.memberHost(situation.name, ordinal, in: situation.builder.identity.namespace)):\(Port.rpc.number)"
  }
}

// MARK: - Making steps

extension Planner {
  func progLog(_ situation: Situation) -> ObjectReference {
    ObjectReference(type: .progLog, name: situation.name)
  }

  func pending(_ reason: Step.Reason, _ object: ObjectReference, because: String) -> Step {
    Step(action: .await, object: object, reason: reason, because: because)
  }

  func refuse(_ reason: Step.Reason, _ object: ObjectReference, because: String) -> Step {
    Step(action: .refuse, object: object, reason: reason, because: because)
  }

  func administer(
    _ change: Step.MembershipChange, _ pod: String, _ reason: Step.Reason, because: String
  ) -> Step {
    Step(
      action: .administer(change), object: ObjectReference(type: .pod, name: pod), reason: reason, because: because)
  }
}
