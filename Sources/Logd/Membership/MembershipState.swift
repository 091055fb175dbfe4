import Raft

/// What a node says of itself in gossip, from one look at itself to the next.
struct MembershipState {
  /// Whether it was in a cluster when it started; nil before the first look.
  private var hadCluster: Bool?
  /// It has seen that it is a member.
  private var wasMember = false

  /// - Returns: nil: its port is not bound yet, so that there is nothing to say.
  mutating func request(_ status: NodeStatus) -> JoinRequest? {
    guard !status.address.isEmpty else { return nil }
    let hadCluster = self.hadCluster ?? (status.configuration != nil)
    self.hadCluster = hadCluster
    // In its first life in a cluster it may see older configurations, for its log grows from the start on.
    if status.configuration?[status.peer] != nil, status.raft.isConfigurationCommitted { wasMember = true }
    return JoinRequest(
      peer: status.peer, address: status.address, role: .voter, clusterID: status.clusterID,
      wasMember: wasMember || hadCluster)
  }
}
