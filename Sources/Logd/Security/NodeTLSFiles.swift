/// Where a node finds its certificate, the key to it, and whom it trusts.
package struct NodeTLSFiles: Hashable, Sendable {
  /// PEM; the leaf first, then what leads to the root.
  package var certificate: String
  package var key: String
  /// PEM; one CA or several.
  package var authorities: String

  package init(certificate: String, key: String, authorities: String) {
    self.certificate = certificate
    self.key = key
    self.authorities = authorities
  }
}
