import CommitLog
import ProgLogAPI
import Raft
import Telemetry

/// What a node knows, as the messages of `proglog.admin.v1`.
extension Proglog_Admin_V1_GetStatusResponse {
  /// - Parameter security: nil: the node speaks plaintext.
  init(_ status: NodeStatus, _ security: NodeFingerprints?) {
    self.init()
    node = Proglog_Admin_V1_Node(status.peer)
    rpcAddr = status.address
    clusterID = status.clusterID ?? ""
    state = Proglog_Admin_V1_RaftState(status.raft.role.role)
    term = status.raft.role.term.rawValue
    leaderID = status.raft.role.leader?.id.name ?? ""
    leaderRpcAddr = status.leader?.address ?? ""
    firstIndex = status.raft.startIndex.rawValue
    lastIndex = status.raft.lastIndex.rawValue
    lastTerm = status.raft.lastTerm.rawValue
    flushedIndex = status.raft.flushedIndex.rawValue
    commitIndex = status.raft.commitIndex.rawValue
    startOffset = status.extent.start.rawValue
    endOffset = status.extent.end.rawValue
    members = status.memberMessages
    configurationIndex = status.raft.configuration?.index.rawValue ?? 0
    configurationIsCommitted = status.raft.isConfigurationCommitted
    transferTarget = status.raft.transferTarget?.id.name ?? ""
    uncommittedBytes = UInt64(status.raft.uncommittedBytes)
    hasRoom_p = status.raft.hasRoom
    version = BuildVersion.current
    if let security { tls = Proglog_Admin_V1_TLSStatus(security) }
  }
}

extension Proglog_Admin_V1_TLSStatus {
  init(_ fingerprints: NodeFingerprints) {
    self.init()
    server = Use(fingerprints.server)
    peer = Use(fingerprints.peer)
  }
}

extension Proglog_Admin_V1_TLSStatus.Use {
  init(_ fingerprints: NodeFingerprints.Use) {
    self.init()
    certificate = fingerprints.certificate
    authorities = fingerprints.authorities
  }
}

extension Proglog_Admin_V1_ChangeResponse {
  init(_ status: NodeStatus) {
    self.init()
    members = status.memberMessages
    configurationIndex = status.raft.configuration?.index.rawValue ?? 0
  }
}

extension Proglog_Admin_V1_RecoverResponse {
  init(_ outcome: ForceNewCluster.Outcome) {
    self.init()
    clusterID = outcome.clusterID
    commitIndex = outcome.commitIndex.rawValue
    lastIndex = outcome.lastIndex.rawValue
  }
}

extension Proglog_Admin_V1_JoinResponse {
  init(_ step: Step, reason: String = "", for peer: Peer, _ status: NodeStatus) {
    self.init()
    self.step = step
    self.reason = reason
    clusterID = status.configuration?.clusterID ?? ""
    // What is not committed may never have been.
    if status.raft.isConfigurationCommitted, let member = status.configuration?[peer] {
      role = Proglog_Admin_V1_Role(member.role)
    }
  }
}

extension NodeStatus {
  fileprivate var memberMessages: [Proglog_Admin_V1_Member] {
    configuration?.members.map { member in
      var message = Proglog_Admin_V1_Member()
      message.node = Proglog_Admin_V1_Node(member.peer)
      message.rpcAddr = member.address
      message.role = Proglog_Admin_V1_Role(member.role)
      message.isLeader = member.peer == raft.role.leader
      if let follower = raft.followers.first(where: { $0.peer == member.peer }) {
        message.progress = Proglog_Admin_V1_Progress(follower, lastIndex: raft.lastIndex.rawValue)
      }
      return message
    } ?? []
  }
}

extension Proglog_Admin_V1_Progress {
  init(_ follower: Raft.Status.Follower, lastIndex: UInt64) {
    self.init()
    matchIndex = follower.match.rawValue
    lag = lastIndex - min(lastIndex, follower.match.rawValue)
    inflightBytes = UInt64(follower.inflightBytes)
    isActive = follower.isActive
    isReplicating = follower.isReplicating
  }
}

extension Proglog_Admin_V1_Node {
  init(_ peer: Peer) {
    self.init()
    id = peer.id.name
    incarnation = peer.incarnation.hexadecimal
  }
}

extension Proglog_Admin_V1_Role {
  init(_ role: Member.Role) {
    switch role {
    case .learner: self = .learner
    case .voter: self = .voter
    }
  }
}

extension Proglog_Admin_V1_RaftState {
  init(_ role: RoleSummary.Role) {
    switch role {
    case .follower: self = .follower
    case .preCandidate: self = .preCandidate
    case .candidate: self = .candidate
    case .leader: self = .leader
    }
  }
}
