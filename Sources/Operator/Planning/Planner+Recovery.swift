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
    newClusterID =
      Fingerprint("recovered 1 \(clusterID) \(survivor.lastIndex)").text
      + Fingerprint("recovered 2 \(clusterID) \(survivor.lastIndex)").text
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
      "token": .string(token), "survivor": .string(survivor.identity.name),
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
      let because =
        "\(loss.speaking) of \(cluster.voters.count) voters answer and a quorum is \(loss.quorum): see status.recovery"
      return [pending(.quorumLost, progLog(situation), because: because)]
    }
    let survivor = loss.survivor.identity.name
    return [
      administer(
        .recover(at: survivor, loss.claim), survivor, .recovering,
        because: "the annotation \(Names.recoverAnnotation) gives up cluster \(loss.clusterID); records from offset "
          + "\(loss.survivor.endOffset) on may be lost")
    ]
  }
}
