/// Who is at the other end of a connection, as its certificate says.
package struct Identity: Sendable, Hashable {
  /// What the certificate is for.
  package enum Profile: Sendable, Hashable {
    case client
    /// A member of the cluster.
    case node
    /// May do everything, for emergencies: also when no rule lets anybody in.
    case admin
  }

  package let subject: Subject
  package let profile: Profile

  package init(subject: Subject, profile: Profile) {
    self.subject = subject
    self.profile = profile
  }
}
