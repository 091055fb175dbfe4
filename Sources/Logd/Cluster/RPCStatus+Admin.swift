import ProgLogAPI
import RPCServer
import Raft

/// What the admin API refuses: what was wrong, why it is not done, and what to do.
extension RPCStatus {
  /// Where a caller reaches a member.
  typealias LeaderAddress = (Member) -> String

  /// - Parameters:
  ///   - status: of the node that refuses.
  ///   - address: of the leader, when it is to be asked instead.
  init(_ refusal: ChangeRefusal, _ status: NodeStatus, _ address: LeaderAddress = { $0.address }) {
    self =
      switch refusal {
      case .notLeader(let hint):
        .notLeader(hint.map { ($0.id.name, status.configuration?[$0.id].map(address)) })
      case .changeInProgress:
        .admin(
          .unavailable, .changeInProgress,
          "a change of the members, or the first entry of a new leader, is not committed yet, and members change one "
            + "at a time; try again in a moment")
      case .transferring(let target):
        .admin(
          .unavailable, .transferring,
          "leadership is being handed to \(target.id), which takes an election time-out at most; try again in a moment",
          [AdminMetadata.id: target.id.name])
      case .unknownMember(let id):
        .admin(
          .notFound, .unknownMember,
          "there is no member \(id): the members are \(status.memberNames)", [AdminMetadata.id: id.name])
      case .alreadyMember(let member): .alreadyMember(member)
      case .tooManyMembers:
        .admin(
          .failedPrecondition, .tooManyMembers,
          "the cluster has \(Raft.Configuration.maximumMembers) members, which is the most; remove one first")
      case .notLearner(let id):
        .admin(
          .failedPrecondition, .notLearner, "\(id) is a voter, and only a learner is promoted; nothing is to be done",
          [AdminMetadata.id: id.name])
      case .notVoter(let id):
        .admin(
          .failedPrecondition, .notVoter,
          "\(id) is a learner, and only a voter leads or is demoted; promote it first if it is to lead",
          [AdminMetadata.id: id.name])
      case .notCaughtUp, .noQuorum, .lastVoter, .transferTimedOut, .alreadyBootstrapped, .lostLeadership:
        .keepingTheCluster(refusal, status)
      }
  }

  /// Those that keep the cluster from standing still, or from being two.
  private static func keepingTheCluster(_ refusal: ChangeRefusal, _ status: NodeStatus) -> RPCStatus {
    switch refusal {
    case .notCaughtUp(let id, let missing):
      .admin(
        .unavailable, .notCaughtUp,
        "\(id) lacks \(missing) entries of the log, or does not answer, and as a voter it would make every write "
          + "wait; try again when it has caught up",
        [AdminMetadata.id: id.name, AdminMetadata.missing: "\(missing)"])
    case .noQuorum(let active, let needed):
      .admin(
        .failedPrecondition, .noQuorum,
        "of the voters that there would be, \(active) \(active == 1 ? "answers" : "answer"), and \(needed) are needed "
          + "to commit anything: nothing could be written, nor the change be taken back; start the others first",
        [AdminMetadata.active: "\(active)", AdminMetadata.needed: "\(needed)"])
    case .lastVoter:
      .admin(
        .failedPrecondition, .lastVoter,
        "it is the only voter, and without one nothing could be written; make another one a voter first")
    case .transferTimedOut:
      .admin(
        .deadlineExceeded, .transferTimedOut,
        "the other node did not take over within an election time-out, and this one leads on; see whether the other "
          + "keeps up, and try again")
    case .alreadyBootstrapped: .alreadyBootstrapped(status)
    case .lostLeadership:
      .admin(
        .aborted, .lostLeadership,
        "this node lost the leadership before it was done, and whether it is done is not known; look at the members "
          + "before asking again")
    case .notLeader, .changeInProgress, .transferring, .unknownMember, .alreadyMember, .tooManyMembers, .notLearner,
      .notVoter:
      preconditionFailure("\(refusal) has a status of its own")
    }
  }

  private static func alreadyMember(_ member: Member) -> RPCStatus {
    let role = member.role == .voter ? "voter" : "learner"
    return .admin(
      .alreadyExists, .alreadyMember,
      "\(member.peer.id) is a member already: a \(role) at \(member.address), incarnation "
        + "\(member.peer.incarnation.hexadecimal); if that is an earlier life of the node, remove it first",
      [
        AdminMetadata.id: member.peer.id.name, AdminMetadata.incarnation: member.peer.incarnation.hexadecimal,
      ])
  }

  private static func alreadyBootstrapped(_ status: NodeStatus) -> RPCStatus {
    if let id = status.clusterID {
      return .admin(
        .alreadyExists, .alreadyBootstrapped,
        "this node is in cluster \(id) already, and a cluster begins once; add nodes to it, or let them join it",
        [AdminMetadata.clusterID: id])
    }
    return .admin(
      .failedPrecondition, .alreadyBootstrapped,
      "this node's log is not empty or takes no entries, and a cluster begins with an empty log; use an empty data "
        + "directory on a disk with room")
  }

  init(_ refusal: JoinRefusal, _ status: NodeStatus, _ address: LeaderAddress = { $0.address }) {
    self =
      switch refusal {
      case .change(let refusal): RPCStatus(refusal, status, address)
      case .wrongCluster(let asked, let present):
        .admin(
          .failedPrecondition, .wrongCluster,
          "the node was in cluster \(asked), and this one is \(present), whose log is another; join it with an empty "
            + "data directory",
          [AdminMetadata.clusterID: present])
      case .removed(let id):
        .admin(
          .notFound, .unknownMember,
          "\(id) was removed from the cluster, or another life of it has taken its place; add it by 'logctl cluster "
            + "add', or start it with an empty data directory, which joins as a new node",
          [AdminMetadata.id: id.name])
      }
  }

  static func admin(
    _ code: Code, _ reason: AdminReason, _ message: String, _ metadata: [String: String] = [:]
  ) -> RPCStatus {
    RPCStatus(code, message, details: [errorInfo(reason.rawValue, metadata)])
  }
}

extension NodeStatus {
  /// For a person.
  fileprivate var memberNames: String {
    configuration?.members.map(\.peer.id.name).joined(separator: ", ") ?? "not known here"
  }
}
