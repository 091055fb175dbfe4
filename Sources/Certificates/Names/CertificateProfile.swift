/// What a certificate is for.
///
/// Two profiles have a mark that the others cannot have (``RoleMark``): a node's, because whoever passes for a node
/// may vote and take part in gossip, and an administrator's, which works when no policy file lets anybody in.
package enum CertificateProfile: String, Sendable, Hashable, CaseIterable {
  /// A member of the cluster: serves clients, and calls and serves the other nodes.
  case node
  /// Serves clients and is no member: a proxy before the cluster, or its HTTP API.
  case server
  /// Calls the cluster; what it may do is for the access control list to say.
  case client
  /// Calls the cluster and may do everything, for emergencies.
  case admin

  /// Whether it may be shown by a server: extended key usage serverAuth (RFC 5280 §4.2.1.12).
  package var isForServing: Bool { self == .node || self == .server }

  /// Whether it may be shown by a client: extended key usage clientAuth.
  package var isForCalling: Bool { self != .server }

  /// As a person calls it.
  package var title: String {
    switch self {
    case .node: "a node certificate"
    case .server: "a server certificate"
    case .client: "a client certificate"
    case .admin: "an admin certificate"
    }
  }
}
