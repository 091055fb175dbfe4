import Authorization
import Certificates
import Logging

/// What protects the APIs of a node: both, or neither.
package struct NodeSecurity: Sendable {
  package let tls: NodeTLS
  package let access: AccessControl

  package init(tls: NodeTLS, access: AccessControl) {
    self.tls = tls
    self.access = access
  }

  /// Reads the files that the settings name. Blocks on the disk.
  ///
  /// - Returns: nil for a node without TLS.
  /// - Throws: what is wrong with a file: a node does not start half protected.
  static func load(_ configuration: Configuration, logger: Logger) async throws -> NodeSecurity? {
    guard let server = configuration.serverTLS, let peer = configuration.peerTLS else { return nil }
    let tls = try await NodeTLS(server: server, peer: peer, reports: HandshakeReports(logger: logger))
    let policy = try configuration.access.map {
      try ReloadablePolicy(PolicyFiles(modelPath: $0.model, policyPath: $0.policy))
    }
    if policy == nil {
      logger.warning(
        "there are no rules: no client may do anything",
        metadata: ["what_to_do": "name them by --acl-model-file and --acl-policy-file"])
    }
    let subject: SubjectSource = configuration.accessSubject == .uri ? .uri : .commonName
    return NodeSecurity(tls: tls, access: AccessControl(policy: policy, subject: subject, logger: logger))
  }
}
