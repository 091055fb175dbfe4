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
  /// Whether it was in a cluster when it started; nil before the first look.
  private var hadCluster: Bool?
  /// It has seen, or was told, that it is a member.
  private var wasMember = false

  init(role: Member.Role) {
    self.role = role
  }

  /// - Parameter elapsed: since the first look.
  mutating func next(_ status: NodeStatus, elapsed: Duration) -> Step {
    // Its port is not bound yet.
    guard !status.address.isEmpty else { return .look }
    let hadCluster = self.hadCluster ?? (status.configuration != nil)
    self.hadCluster = hadCluster
    // In its first life in a cluster it may see older configurations, for its log grows from the start on.
    guard let member = status.configuration?[status.peer] else { return .ask(wasMember: wasMember || hadCluster) }
    if status.raft.isConfigurationCommitted { wasMember = true }
    let isAsWanted = member.address == status.address && (member.role == .voter || role == .learner)
    if isAsWanted {
      if status.raft.role.leader != nil { return .rest }
      if elapsed < Self.maximumSilence { return .look }
    }
    return .ask(wasMember: wasMember || hadCluster)
  }

  /// A leader has said that the node is a member.
  mutating func toldMember() { wasMember = true }
}
