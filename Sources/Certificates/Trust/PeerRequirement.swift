/// Whose certificate is wanted at the other end of a connection.
package struct PeerRequirement: Sendable, Hashable {
  package var profile: CertificateProfile
  /// What was called, where a server is asked. A peer that calls us has no name that we could know.
  package var serverName: ServerName?

  package init(_ profile: CertificateProfile, serverName: ServerName? = nil) {
    self.profile = profile
    self.serverName = serverName
  }
}
