/// How to reach an API server and how to prove who we are.
package struct ClusterConfiguration: Sendable, Hashable {
  package var server: ServerAddress
  /// Where objects go when nothing else is said.
  package var namespace: String
  /// PEM certificates to trust; the system's when nil.
  package var certificateAuthority: Credential?
  /// The name in the server's certificate, where it is not the host of `server`.
  package var tlsServerName: String?
  /// False only where a person asked for it.
  package var verifiesServer: Bool
  package var clientCertificate: ClientCertificate?
  package var bearerToken: Credential?
  /// Gives the token and the client certificate in the place of those above.
  package var execPlugin: ExecPlugin?
  package var proxy: ServerAddress?

  package init(
    server: ServerAddress, namespace: String = "default", certificateAuthority: Credential? = nil,
    tlsServerName: String? = nil, verifiesServer: Bool = true, clientCertificate: ClientCertificate? = nil,
    bearerToken: Credential? = nil, execPlugin: ExecPlugin? = nil, proxy: ServerAddress? = nil
  ) {
    self.server = server
    self.namespace = namespace
    self.certificateAuthority = certificateAuthority
    self.tlsServerName = tlsServerName
    self.verifiesServer = verifiesServer
    self.clientCertificate = clientCertificate
    self.bearerToken = bearerToken
    self.execPlugin = execPlugin
    self.proxy = proxy
  }
}

/// A certificate, key or token: what it is, or the file that holds it now and something newer later.
package enum Credential: Sendable, Hashable {
  /// `origin` names where it was read, for error messages.
  case inline([UInt8], origin: String)
  case file(path: String)
}

package struct ClientCertificate: Sendable, Hashable {
  /// PEM, the leaf first.
  package var chain: Credential
  package var key: Credential

  package init(chain: Credential, key: Credential) {
    self.chain = chain
    self.key = key
  }
}

extension ClusterConfiguration {
  /// In a pod its service account; elsewhere the kubeconfig of the environment.
  ///
  /// - Parameter context: a context of the kubeconfig; asking for one never means the service account.
  package static func detect(
    context: String? = nil, environment: [String: String]
  ) throws(KubernetesError) -> ClusterConfiguration {
    isInCluster(context: context, environment: environment)
      ? try inCluster(environment: environment) : try kubeconfig(context: context, environment: environment)
  }

  /// Whether `detect` takes the service account.
  package static func isInCluster(context: String? = nil, environment: [String: String]) -> Bool {
    environment["KUBERNETES_SERVICE_HOST"] != nil && environment["KUBECONFIG"] == nil && context == nil
  }
}
