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

  /// Nil for a name that no line of a policy can hold: empty, longer than a field may be, or with control characters,
  /// which would forge lines of a log.
  package init?(subject: Subject, profile: Profile) {
    let bytes = subject.text.utf8
    guard (1...PolicyFile.maximumFieldBytes).contains(bytes.count), !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F })
    else { return nil }
    self.subject = subject
    self.profile = profile
  }
}
