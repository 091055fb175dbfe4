/// One life of a node: its name, and the incarnation of its data directory in 32 hexadecimal digits.
package struct NodeIdentity: Sendable, Hashable {
  package var name: String
  package var incarnation: String

  package init(name: String, incarnation: String) {
    self.name = name
    self.incarnation = incarnation
  }
}

/// A member of a cluster.
package struct ClusterMember: Sendable, Hashable {
  package enum Role: String, Sendable, Hashable {
    case learner
    case voter
  }

  package var identity: NodeIdentity
  /// `HOST:PORT` of its RPC port.
  package var address: String
  package var role: Role
  package var isLeader: Bool
  /// Known to the leader alone, of the others.
  package var progress: MemberProgress?

  package init(
    identity: NodeIdentity, address: String, role: Role, isLeader: Bool = false, progress: MemberProgress? = nil
  ) {
    self.identity = identity
    self.address = address
    self.role = role
    self.isLeader = isLeader
    self.progress = progress
  }
}

/// How far a leader knows a member to be.
package struct MemberProgress: Sendable, Hashable {
  /// Up to this entry its log is on its disk and the leader's.
  package var matchIndex: UInt64
  /// Entries of the leader's log that it lacks.
  package var lag: UInt64
  package var inflightBytes: UInt64
  /// It answered within an election time-out.
  package var isActive: Bool
  /// Entries flow; else the leader looks for where the logs part, or sends the log's start.
  package var isReplicating: Bool

  package init(matchIndex: UInt64, lag: UInt64, inflightBytes: UInt64, isActive: Bool, isReplicating: Bool) {
    self.matchIndex = matchIndex
    self.lag = lag
    self.inflightBytes = inflightBytes
    self.isActive = isActive
    self.isReplicating = isReplicating
  }
}

/// What a node's TLS goes by at the moment, as SHA-256 fingerprints of the certificates in hexadecimal: they change without a
/// restart, and who changed them wants to know when they are in use.
package struct NodeTLSReport: Sendable, Hashable {
  /// What it trusts of other nodes, and of clients.
  package var peerAuthorities: [String]
  package var serverAuthorities: [String]
  /// What it shows to other nodes, and to clients.
  package var peerCertificate: String
  package var serverCertificate: String

  package init(
    peerAuthorities: [String], serverAuthorities: [String], peerCertificate: String, serverCertificate: String
  ) {
    self.peerAuthorities = peerAuthorities
    self.serverAuthorities = serverAuthorities
    self.peerCertificate = peerCertificate
    self.serverCertificate = serverCertificate
  }
}

/// What a node says of itself and of its cluster.
package struct NodeReport: Sendable, Hashable {
  package enum State: String, Sendable, Hashable {
    case follower
    case preCandidate = "pre-candidate"
    case candidate
    case leader
  }

  package var identity: NodeIdentity
  /// Where it says that others reach it.
  package var address: String
  /// `nil`: it is in no cluster yet.
  package var clusterID: String?
  package var state = State.follower
  package var term: UInt64 = 0
  /// `nil`: it knows of no leader.
  package var leaderName: String?
  package var leaderAddress: String?
  package var firstIndex: UInt64 = 1
  package var lastIndex: UInt64 = 0
  /// Of the entry at `lastIndex`.
  package var lastTerm: UInt64 = 0
  package var flushedIndex: UInt64 = 0
  package var commitIndex: UInt64 = 0
  /// The offsets that can be read there.
  package var startOffset: UInt64 = 0
  package var endOffset: UInt64 = 0
  /// In the order of their names; empty when it is in no cluster.
  package var members: [ClusterMember] = []
  package var configurationIndex: UInt64 = 0
  package var isConfigurationCommitted = false
  /// Whom leadership is being handed to.
  package var transferTarget: String?
  package var uncommittedBytes: UInt64 = 0
  /// Whether its log takes entries.
  package var hasRoom = true
  package var version = ""
  /// `nil`: it speaks plaintext.
  package var tls: NodeTLSReport?

  package init(identity: NodeIdentity, address: String) {
    self.identity = identity
    self.address = address
  }
}
