/// The mark of a node's or an administrator's certificate: a URI among its alternative names, `proglog:node` or
/// `proglog:admin`.
///
/// A URI, because it is what others can make too: cert-manager, Vault and `openssl` take URIs, but few of them take an
/// extended key usage of somebody else's, for which we would also need a registered number. An organizational unit in the
/// subject will not do: where subjects come from a directory, anybody may be in a unit of any name. It has no authority
/// part (`//`), because RFC 5280 §4.2.1.6 wants a host name there.
///
/// Nobody gets a mark by asking for a name: ``AlternativeName`` refuses every URI of this scheme.
package enum RoleMark {
  /// Compared without regard to case, as RFC 3986 §3.1 wants it.
  private static let scheme = "proglog:"

  /// Whether a URI is in our scheme, whatever follows.
  static func isReserved(_ uri: String) -> Bool {
    uri.prefix(scheme.count).lowercased() == scheme
  }

  /// The URI in certificates of a profile.
  package static func uri(of profile: CertificateProfile) -> String? {
    switch profile {
    case .node, .admin: scheme + profile.rawValue
    case .server, .client: nil
    }
  }

  /// - Returns: the profile that a reserved URI marks; nil for one that we do not know, which is never to be trusted.
  static func profile(of uri: String) -> CertificateProfile? {
    [CertificateProfile.node, .admin].first { self.uri(of: $0) == uri }
  }
}
