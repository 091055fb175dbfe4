import ProgLogAPI

extension NodeIdentity {
  init(_ node: Proglog_Admin_V1_Node) {
    self.init(name: node.id, incarnation: node.incarnation)
  }

  var message: Proglog_Admin_V1_Node {
    var node = Proglog_Admin_V1_Node()
    node.id = self.name
    node.incarnation = self.incarnation
    return node
  }
}

extension ClusterMember.Role {
  /// `nil` for no role, and for one that this client does not know.
  init?(_ role: Proglog_Admin_V1_Role) {
    switch role {
    case .learner: self = .learner
    case .voter: self = .voter
    case .unspecified, .UNRECOGNIZED: return nil
    }
  }

  var message: Proglog_Admin_V1_Role {
    switch self {
    case .learner: .learner
    case .voter: .voter
    }
  }
}

extension ClusterMember {
  init(_ member: Proglog_Admin_V1_Member) throws(ProgLogError) {
    guard let role = Role(member.role) else {
      throw .protocolViolation("\(member.node.id) has a role that this program does not know: \(member.role)")
    }
    self.init(
      identity: NodeIdentity(member.node), address: member.rpcAddr, role: role, isLeader: member.isLeader,
      progress: member.hasProgress ? MemberProgress(member.progress) : nil)
  }

  static func list(_ members: [Proglog_Admin_V1_Member]) throws(ProgLogError) -> [ClusterMember] {
    var list: [ClusterMember] = []
    for member in members { list.append(try ClusterMember(member)) }
    return list
  }
}

extension MemberProgress {
  init(_ progress: Proglog_Admin_V1_Progress) {
    self.init(
      matchIndex: progress.matchIndex, lag: progress.lag, inflightBytes: progress.inflightBytes,
      isActive: progress.isActive, isReplicating: progress.isReplicating)
  }
}

extension NodeReport.State {
  init(_ state: Proglog_Admin_V1_RaftState) throws(ProgLogError) {
    switch state {
    case .follower: self = .follower
    case .preCandidate: self = .preCandidate
    case .candidate: self = .candidate
    case .leader: self = .leader
    case .unspecified, .UNRECOGNIZED: throw .protocolViolation("its state is one that this program does not know")
    }
  }
}

extension NodeReport {
  init(_ status: Proglog_Admin_V1_GetStatusResponse) throws(ProgLogError) {
    self.init(identity: NodeIdentity(status.node), address: status.rpcAddr)
    self.clusterID = status.clusterID.nonEmpty
    self.state = try State(status.state)
    self.term = status.term
    self.leaderName = status.leaderID.nonEmpty
    self.leaderAddress = status.leaderRpcAddr.nonEmpty
    self.firstIndex = status.firstIndex
    self.lastIndex = status.lastIndex
    self.lastTerm = status.lastTerm
    self.flushedIndex = status.flushedIndex
    self.commitIndex = status.commitIndex
    self.startOffset = status.startOffset
    self.endOffset = status.endOffset
    self.members = try ClusterMember.list(status.members)
    self.configurationIndex = status.configurationIndex
    self.isConfigurationCommitted = status.configurationIsCommitted
    self.transferTarget = status.transferTarget.nonEmpty
    self.uncommittedBytes = status.uncommittedBytes
    self.hasRoom = status.hasRoom_p
    self.version = status.version
    self.tls = status.hasTls ? NodeTLSReport(status.tls) : nil
  }
}

extension NodeTLSReport {
  init(_ tls: Proglog_Admin_V1_TLSStatus) {
    self.init(
      peerAuthorities: tls.peer.authorities, serverAuthorities: tls.server.authorities,
      peerCertificate: tls.peer.certificate, serverCertificate: tls.server.certificate)
  }
}

extension String {
  /// proto3 does not tell an empty text from none.
  fileprivate var nonEmpty: String? { self.isEmpty ? nil : self }
}
