import Raft

/// What a node says of itself in gossip, from one look at itself to the next.
struct MembershipState {
  private var memory = MembershipMemory()

  /// - Returns: nil: its port is not bound yet, so that there is nothing to say.
  mutating func request(_ status: NodeStatus) -> JoinRequest? {
    guard !status.address.isEmpty else { return nil }
    memory.look(at: status)
    return JoinRequest(
      peer: status.peer, address: status.address, role: .voter, clusterID: status.clusterID,
      wasMember: memory.wasMember)
  }
}
