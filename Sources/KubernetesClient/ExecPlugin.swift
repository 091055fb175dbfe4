/// A program that gives credentials: `users[].user.exec` of a kubeconfig, as clouds use it (client-go's exec plugins).
package struct ExecPlugin: Sendable, Hashable {
  package struct Variable: Sendable, Hashable, Decodable {
    package var name: String
    package var value: String

    package init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  /// `client.authentication.k8s.io/v1` or its beta: what is written to it and what it must answer in.
  package var apiVersion: String
  /// A path, or a name that is looked up in `PATH`.
  package var command: String
  package var arguments: [String]
  /// Added to our own environment.
  package var variables: [Variable]
  /// Whether it is told which API server the credentials are for.
  package var wantsCluster: Bool
  /// What to tell somebody who has not got the program.
  package var installHint: String?
  /// Where it was asked for, for error messages.
  package var origin: String

  package init(
    apiVersion: String, command: String, arguments: [String] = [], variables: [Variable] = [],
    wantsCluster: Bool = false, installHint: String? = nil, origin: String
  ) {
    self.apiVersion = apiVersion
    self.command = command
    self.arguments = arguments
    self.variables = variables
    self.wantsCluster = wantsCluster
    self.installHint = installHint
    self.origin = origin
  }

  static let knownVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
}

extension ExecPlugin {
  /// The environment of the program: ours, what the kubeconfig adds, and `KUBERNETES_EXEC_INFO`.
  func environment(
    _ inherited: [String: String], for cluster: ClusterConfiguration
  ) throws(KubernetesError) -> [String: String] {
    var environment = inherited
    for variable in variables { environment[variable.name] = variable.value }
    environment["KUBERNETES_EXEC_INFO"] = String(
      decoding: try JSONCoding.encode(try information(for: cluster)), as: UTF8.self)
    return environment
  }

  private func information(for cluster: ClusterConfiguration) throws(KubernetesError) -> JSONValue {
    var spec: JSONValue = ["interactive": false]
    if wantsCluster { spec["cluster"] = try cluster.execInformation() }
    return ["apiVersion": .string(apiVersion), "kind": "ExecCredential", "spec": spec]
  }
}

extension ClusterConfiguration {
  fileprivate func execInformation() throws(KubernetesError) -> JSONValue {
    var cluster: JSONValue = ["server": .string("\(server)")]
    if let tlsServerName { cluster["tls-server-name"] = .string(tlsServerName) }
    if !verifiesServer { cluster["insecure-skip-tls-verify"] = true }
    if let certificateAuthority {
      cluster["certificate-authority-data"] = .string(Base64.encode(try certificateAuthority.read()))
    }
    if let proxy { cluster["proxy-url"] = .string("\(proxy)") }
    return cluster
  }
}
