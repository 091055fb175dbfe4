/// What a request is for, by whichever API it comes.
package enum RequestKind: Sendable, Hashable, CaseIterable {
  case produce
  case consume
  /// Who the members are and who leads.
  case servers
  /// Whether the server works.
  case health
  /// Which services there are.
  case reflection
  /// A node asks to be a member.
  case join
  /// What the cluster is and how it is doing, and changes of it.
  case admin

  /// What it needs.
  package enum Requirement: Sendable, Hashable {
    /// Whoever has shown a certificate of the cluster's CA may do it.
    case authenticated
    case permission(Object, Action)
    /// A node of the cluster may do it; of others, those who have the permission.
    case nodeOrPermission(Object, Action)
  }

  package var requirement: Requirement {
    switch self {
    case .produce: .permission(.log, .produce)
    case .consume: .permission(.log, .consume)
    case .admin: .permission(.log, .admin)
    // A node shows by its certificate that it belongs here. A line for each node would have to be written before it
    // comes.
    case .join: .nodeOrPermission(.log, .admin)
    // Every client asks for the servers first, whatever it may do then; proglog asks for no permission either.
    case .servers: .authenticated
    // Health says nothing of the records, and what asks for it, balancers and probes, should not need lines of a
    // policy: a mistake in one would take all servers out of service. Reflection tells what is in this repository.
    // Still, neither is for strangers: a certificate is what keeps them from learning that there is a server at all.
    case .health, .reflection: .authenticated
    }
  }
}
