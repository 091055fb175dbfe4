import CommitLog

/// A member of the cluster.
package struct Member: Hashable, Sendable {
  package enum Role: UInt8, Hashable, Sendable {
    case voter = 0
    /// Receives the log and counts for nothing (thesis §4.2.1).
    case learner = 1
  }

  package var peer: Peer
  /// `host:port` of its RPC port.
  package var address: String
  package var role: Role

  package init(peer: Peer, address: String, role: Role) {
    self.peer = peer
    self.address = address
    self.role = role
  }
}

/// Who belongs to a cluster, as an entry of its log says. It counts from the moment that it is in a log, committed or not
/// (thesis §4.1).
package struct Configuration: Hashable, Sendable {
  /// Members at most. More voters than nine only cost; the rest are learners for a move.
  package static let maximumMembers = 32

  package private(set) var clusterID: String
  /// In the order of their names; each name once.
  package private(set) var members: [Member]

  package init(clusterID: String, members: [Member] = []) {
    self.clusterID = clusterID
    self.members = members.sorted { $0.peer.id < $1.peer.id }
    precondition(
      zip(self.members, self.members.dropFirst()).allSatisfy { $0.peer.id != $1.peer.id },
      "a name stands twice in \(self.members)")
  }

  package subscript(id: NodeID) -> Member? { members.first { $0.peer.id == id } }
  /// The member that is this very life of a node.
  package subscript(peer: Peer) -> Member? { members.first { $0.peer == peer } }

  package var voters: [Peer] { members.filter { $0.role == .voter }.map(\.peer) }
  /// The number of voters that two of any such number have one in common.
  package var quorum: Int { members.count { $0.role == .voter } / 2 + 1 }

  package func isVoter(_ peer: Peer) -> Bool { self[peer]?.role == .voter }

  /// Whether more than half of the voters are as asked. Never without voters.
  package func hasQuorum(_ isCounted: (Peer) -> Bool) -> Bool {
    members.count { $0.role == .voter && isCounted($0.peer) } >= quorum
  }

  mutating func set(_ member: Member) {
    members.removeAll { $0.peer.id == member.peer.id }
    members.append(member)
    members.sort { $0.peer.id < $1.peer.id }
  }

  mutating func remove(_ id: NodeID) {
    members.removeAll { $0.peer.id == id }
  }
}
