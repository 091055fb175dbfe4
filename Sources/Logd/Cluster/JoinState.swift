import Raft

/// What a node that is to be a member of a cluster does about it.
///
/// A node that was a member and was removed does not ask to come back: whoever removed it meant it. Its own log may not
/// tell, for who is removed while it is down gets no entry that says so. So it says that it was a member, and is then
/// told, instead of added.
struct JoinState {
  enum Step: Equatable {
    /// Ask the leader.
    case ask(wasMember: Bool)
    /// Nothing; look again in a while.
    case look
    /// It is what it wants to be.
    case rest
  }

  /// A member that hears of no leader for so long finds out whether it still is one: ten election time-outs, in which a
  /// cluster with a quorum has long elected one.
  static let maximumSilence = Duration.seconds(10)

  /// What it wants to be.
  let role: Member.Role
  private var memory = MembershipMemory()

  init(role: Member.Role) {
    self.role = role
  }

  /// - Parameter elapsed: since the first look.
  mutating func next(_ status: NodeStatus, elapsed: Duration) -> Step {
    // Its port is not bound yet.
    guard !status.address.isEmpty else { return .look }
    memory.look(at: status)
    guard let member = status.configuration?[status.peer] else { return .ask(wasMember: memory.wasMember) }
    let isAsWanted = member.address == status.address && (member.role == .voter || role == .learner)
    if isAsWanted {
      if status.raft.role.leader != nil { return .rest }
      if elapsed < Self.maximumSilence { return .look }
    }
    return .ask(wasMember: memory.wasMember)
  }

  /// A leader has said that the node is a member.
  mutating func toldMember() { memory.toldMember() }
}
