import Certificates

/// Which certificates a node goes by, as SHA-256 fingerprints in lower-case hexadecimal.
package struct NodeFingerprints: Sendable, Hashable {
  package struct Use: Sendable, Hashable {
    /// What the node shows.
    package var certificate: String
    /// Whom it trusts.
    package var authorities: [String]

    package init(certificate: String, authorities: [String]) {
      self.certificate = certificate
      self.authorities = authorities
    }
  }

  /// To clients, and of clients.
  package var server: Use
  /// To other nodes, and of other nodes.
  package var peer: Use

  package init(server: Use, peer: Use) {
    self.server = server
    self.peer = peer
  }
}

extension NodeFingerprints.Use {
  init(_ material: TLSMaterial) {
    self.init(certificate: material.fingerprint, authorities: material.authorityFingerprints)
  }
}
