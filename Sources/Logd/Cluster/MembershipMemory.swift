import Raft

/// Whether a node was ever a member of its cluster, as far as it can tell: from one look at itself to the next.
struct MembershipMemory {
  /// Whether it was in a cluster when it started; nil before the first look.
  private var hadCluster: Bool?
  /// It has seen, or was told, that it is a member.
  private var isKnownMember = false

  var wasMember: Bool { isKnownMember || hadCluster == true }

  mutating func look(at status: NodeStatus) {
    if hadCluster == nil { hadCluster = status.configuration != nil }
    // In its first life in a cluster it may see older configurations, for its log grows from the start on.
    if status.configuration?[status.peer] != nil, status.raft.isConfigurationCommitted { isKnownMember = true }
  }

  /// A leader has said that the node is a member.
  mutating func toldMember() { isKnownMember = true }
}
