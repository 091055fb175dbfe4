import KubernetesClient

extension Names {
  // MARK: Annotations of Secrets

  /// On the authority's: the value of ``rollAuthorityAnnotation`` under which its key was last made.
  static let rollTokenAnnotation = "proglog.io/roll-token"
  /// The same for the next key, which does not sign yet.
  static let nextRollTokenAnnotation = "proglog.io/next-roll-token"
  /// On each Secret with certificates: when the operator last wrote it (RFC 3339). From then on its readers have
  /// `spec.tls.trustGracePeriod` to read it.
  static let writtenAnnotation = "proglog.io/written-at"
  /// On the servers' Secret: the pods that it has certificates of. A list and not the keys of the Secret: a key that
  /// somebody else owns as well cannot be taken out, and would be found surplus for ever.
  static let podsAnnotation = "proglog.io/pods"
  /// On the servers' Secret: which contents were copied from Secrets that somebody else writes.
  static let digestAnnotation = "proglog.io/copied"

  // MARK: Types of Secrets

  static let opaqueSecret = "Opaque"
  /// Of users' Secrets, which many programs know how to read.
  static let tlsSecret = "kubernetes.io/tls"

  static func copiedSecret(_ prefix: String, _ ordinal: Int) -> String { "\(prefix)-\(ordinal)" }

  /// All that the servers' Secret holds of one pod.
  static func serverSecretKeys(_ pod: String) -> [String] {
    [nodeCertificate(pod), nodeKey(pod), serverCertificate(pod), serverKey(pod)]
  }
}
