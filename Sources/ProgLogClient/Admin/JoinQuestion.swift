/// What a node that wants to be a member asks, again and again until it is one.
package struct JoinQuestion: Sendable, Hashable {
  package var identity: NodeIdentity
  /// `HOST:PORT` where members and clients reach it.
  package var address: String
  /// What it wants to be.
  package var role: ClusterMember.Role
  /// The cluster that it was in.
  package var clusterID: String?
  /// It was a member before, in this life: then it is not added again.
  package var wasMember: Bool

  package init(
    identity: NodeIdentity, address: String, role: ClusterMember.Role, clusterID: String?, wasMember: Bool
  ) {
    self.identity = identity
    self.address = address
    self.role = role
    self.clusterID = clusterID
    self.wasMember = wasMember
  }
}

/// What it is told.
package struct JoinAnswer: Sendable, Hashable {
  package enum Step: Sendable, Hashable {
    /// It is what it asked to be.
    case done
    /// One change was made; ask again.
    case changed
    /// Nothing can be done at the moment, and that is why; ask again later.
    case wait(reason: String)
  }

  package var step: Step
  package var clusterID: String
  /// What it is now; `nil`: no member.
  package var role: ClusterMember.Role?

  package init(step: Step, clusterID: String, role: ClusterMember.Role?) {
    self.step = step
    self.clusterID = clusterID
    self.role = role
  }
}
