import KubernetesClient
import ProgLogClient

/// What can be done when more voters are gone than a quorum can spare: nothing, by itself. A person who knows that they will not
/// come back says so with a token, and one survivor goes on.
struct QuorumLoss: Sendable, Hashable {
  /// The cluster that has no quorum, and what it would be called afterwards.
  var clusterID: String
  var newClusterID: String
  /// The most advanced of the voters that answer, as an election would have it (Raft §5.4.1), and how far it is.
  var survivor: NodeReport
  var speaking: Int
  var quorum: Int

  /// Nil while a quorum answers, or nobody does.
  init?(_ cluster: ClusterState) {
    let speaking = cluster.votersThatSpeak
    guard cluster.leader == nil, !speaking.isEmpty, speaking.count < cluster.quorum,
      let clusterID = cluster.clusterIDs.first, cluster.clusterIDs.count == 1,
      let survivor = speaking.compactMap({ cluster.reports[$0.identity.name] })
        .max(by: { ($0.lastTerm, $0.lastIndex, $1.identity.name) < ($1.lastTerm, $1.lastIndex, $0.identity.name) })
    else { return nil }
    self.clusterID = clusterID
    self.survivor = survivor
    self.speaking = speaking.count
    quorum = cluster.quorum
    newClusterID = Self.newClusterID(after: clusterID, lastIndex: Int64(clamping: survivor.lastIndex))
  }

  /// What a cluster is called that goes on from an entry of another one: whoever finds it knows where it came from.
  static func newClusterID(after clusterID: String, lastIndex: Int64) -> String {
    (1...2).map { Fingerprint("recovered \($0) \(clusterID) \(lastIndex)").text }.joined()
  }

  /// Names this very situation, so that it cannot be consented to by accident, or once for all.
  var token: String {
    Fingerprint("\(clusterID) \(survivor.identity.name) \(survivor.identity.incarnation) \(survivor.lastIndex)").text
  }

  var claim: Step.RecoveryClaim {
    Step.RecoveryClaim(clusterID: clusterID, newClusterID: newClusterID, lastIndex: survivor.lastIndex)
  }

  /// `status.recovery`.
  var status: JSONValue {
    [
      "token": .string(token), "clusterID": .string(clusterID), "survivor": .string(survivor.identity.name),
      "lastIndex": .integer(Int64(clamping: survivor.lastIndex)),
      "lostAfter": .integer(Int64(clamping: survivor.endOffset)),
      "message": .string(
        "\(speaking) of the voters answer and a quorum is \(quorum). If the others will never come back, annotate the ProgLog with "
          + "\(Names.recoverAnnotation)=\(token): \(survivor.identity.name) goes on alone, and acknowledged records that it does not "
          + "have, from offset \(survivor.endOffset) on, are lost"),
    ]
  }
}

extension Planner {
  func leaderless(_ situation: Situation) -> [Step] {
    let cluster = situation.cluster
    guard let loss = QuorumLoss(cluster) else {
      return [
        pending(
          .leaderMissing, progLog(situation),
          because: cluster.votersThatSpeak.isEmpty
            ? "no voter answers" : "a quorum of the voters answers and they have not elected one yet")
      ]
    }
    let asked = situation.observation.resource.annotations[Names.recoverAnnotation]
    guard asked == loss.token else {
      var because =
        "\(loss.speaking) of \(cluster.voters.count) voters answer and a quorum is \(loss.quorum): see status.recovery"
      if asked != nil { because += "; the annotation \(Names.recoverAnnotation) is not the token that stands there" }
      return [pending(.quorumLost, progLog(situation), because: because)]
    }
    let survivor = loss.survivor.identity.name
    var step = administer(
      .recover(at: survivor, loss.claim), survivor, .recovering,
      because: "the annotation \(Names.recoverAnnotation) gives up cluster \(loss.clusterID); records from offset "
        + "\(loss.survivor.endOffset) on may be lost")
    // What is lost would be told by nobody, should the operator die in between.
    if situation.observation.resource.status[path: "recovery", "token"]?.string != loss.token {
      step.heldBackBy = "status.recovery must have it first"
    }
    return [step]
  }

  /// `status.recovery` while a quorum is lost, and `status.lastRecovery` from when one was given up. Tells the one from the other
  /// by the name of the cluster: whoever carried it out may be gone.
  func describeRecovery(_ situation: Situation, in status: inout JSONValue) {
    let cluster = situation.cluster
    // Nobody can be asked; what was found before is not forgotten.
    guard !cluster.clusterIDs.isEmpty else { return }
    let offered = status["recovery"]
    status["recovery"] = QuorumLoss(cluster)?.status
    guard let offered, let abandoned = offered["clusterID"]?.string, let lastIndex = offered["lastIndex"]?.integer
    else { return }
    let newClusterID = QuorumLoss.newClusterID(after: abandoned, lastIndex: lastIndex)
    guard cluster.clusterIDs.contains(newClusterID) else { return }
    var done: JSONValue = [
      "time": .string(OperatorClock { situation.observation.time }.text()), "abandonedClusterID": .string(abandoned),
      "clusterID": .string(newClusterID), "lastIndex": .integer(lastIndex),
    ]
    for field in ["survivor", "lostAfter"] { done[field] = offered[field] }
    status["lastRecovery"] = done
  }
}
