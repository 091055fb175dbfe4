import Raft

/// A node that asks to be a member, or to be one with other properties.
struct JoinRequest: Hashable {
  var peer: Peer
  /// `host:port` where members and clients reach it.
  var address: String
  /// What it wants to be.
  var role: Member.Role
  /// The cluster that it was in; nil: none yet.
  var clusterID: String?
  /// It was a member before, in this life.
  var wasMember: Bool
}

/// What a leader does next for a node that asks to join: one change at a time, until the node is what it wants to be.
enum JoinPlan: Equatable {
  /// It is.
  case done
  case change(MembershipChange)
  /// Nothing at the moment.
  case wait(JoinWait)
  case refused(JoinRefusal)

  static func next(_ request: JoinRequest, status: NodeStatus) -> JoinPlan {
    // Whatever this node knows of the cluster is old news to the leader.
    guard status.raft.role.role == .leader, let configuration = status.configuration else {
      return .refused(.change(.notLeader(hint: status.raft.role.leader)))
    }
    if let id = request.clusterID, id != configuration.clusterID {
      return .refused(.wrongCluster(asked: id, is: configuration.clusterID))
    }
    guard status.raft.isConfigurationCommitted, status.raft.hasCommittedInTerm else { return .wait(.change) }
    switch step(request, configuration, status) {
    // Those that a transfer would refuse.
    case .change where status.raft.transferTarget != nil: return .wait(.transfer(to: status.raft.transferTarget))
    case let step: return step
    }
  }

  private static func step(
    _ request: JoinRequest, _ configuration: Raft.Configuration, _ status: NodeStatus
  ) -> JoinPlan {
    guard let member = configuration[request.peer.id] else {
      // Who removes a member means it: only the node's next life, or an administrator, adds it again.
      if request.wasMember { return .refused(.removed(request.peer.id)) }
      guard configuration.members.count < Raft.Configuration.maximumMembers else {
        return .refused(.change(.tooManyMembers))
      }
      return .change(.addLearner(request.peer, address: request.address))
    }
    guard member.peer == request.peer else {
      // An older disk must not drive out the life that has taken its place.
      if request.wasMember { return .refused(.removed(request.peer.id)) }
      // The one before is gone, unless two nodes have one name.
      return isAnswering(member.peer, status) ? .wait(.nameInUse(member)) : .change(.remove(member.peer.id))
    }
    if member.address != request.address { return .change(.setAddress(member.peer.id, request.address)) }
    // The core knows whether it is caught up.
    return request.role == .voter && member.role == .learner ? .change(.promote(member.peer.id)) : .done
  }

  private static func isAnswering(_ peer: Peer, _ status: NodeStatus) -> Bool {
    peer == status.peer || status.raft.followers.contains { $0.peer == peer && $0.isActive }
  }

  /// What to answer to a node whose change was refused: most pass by themselves, and the node asks again.
  static func after(_ refusal: ChangeRefusal) -> JoinPlan {
    switch refusal {
    case .changeInProgress: .wait(.change)
    case .transferring(let target): .wait(.transfer(to: target))
    case .notCaughtUp(_, let missing): .wait(.log(missing: missing))
    case .notLeader, .unknownMember, .alreadyMember, .tooManyMembers, .notLearner, .notVoter, .noQuorum, .lastVoter,
      .transferTimedOut, .alreadyBootstrapped, .lostLeadership:
      .refused(.change(refusal))
    }
  }
}

/// What a node has to wait for.
enum JoinWait: Equatable, CustomStringConvertible {
  /// Another one to be committed.
  case change
  /// Leadership to be where it goes.
  case transfer(to: Peer?)
  /// The node's log.
  case log(missing: UInt64)
  /// A member of the same name, which lives.
  case nameInUse(Member)

  var description: String {
    switch self {
    case .change: "a change of the members, or the first entry of a new leader, is not committed yet"
    case .transfer(let target): "leadership is being handed to \(target.map { "\($0)" } ?? "another node")"
    case .log(let missing):
      "it lacks \(missing) entries of the log, or does not answer the leader; a learner becomes a voter once it has "
        + "nearly all"
    case .nameInUse(let member):
      "another node named \(member.peer.id) is a member and answers (at \(member.address), incarnation "
        + "\(member.peer.incarnation.hexadecimal)): give one of them another --\(SettingKey.nodeName.rawValue)"
    }
  }
}

/// Why a node does not become what it asked to be.
enum JoinRefusal: Error, Equatable {
  case change(ChangeRefusal)
  case wrongCluster(asked: String, is: String)
  /// It is a member no more.
  case removed(NodeID)
}
