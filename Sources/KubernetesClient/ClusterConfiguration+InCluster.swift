extension ClusterConfiguration {
  /// Where the kubelet puts a pod's service account.
  package static let serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

  /// The configuration of a pod with a service account. Its files are read again when they change.
  package static func inCluster(
    environment: [String: String], directory: String = serviceAccountDirectory
  ) throws(KubernetesError) -> ClusterConfiguration {
    func variable(_ name: String) throws(KubernetesError) -> String {
      guard let value = environment[name], !value.isEmpty else {
        throw .configuration("\(name) is not set: not in a pod, or the pod sees no service links; use a kubeconfig")
      }
      return value
    }
    let host = try variable("KUBERNETES_SERVICE_HOST")
    let port = try variable("KUBERNETES_SERVICE_PORT")
    guard let number = Int(port), (1...65_535).contains(number) else {
      throw .configuration("KUBERNETES_SERVICE_PORT is \"\(port)\", not a port from 1 to 65535")
    }
    // Read now, so that a pod without its service account stops at once and says why.
    let token = Credential.file(path: "\(directory)/token")
    let authority = Credential.file(path: "\(directory)/ca.crt")
    _ = try token.text()
    _ = try authority.read()
    return ClusterConfiguration(
      server: ServerAddress(usesTLS: true, host: host, port: number),
      namespace: try Credential.file(path: "\(directory)/namespace").text(),
      certificateAuthority: authority, bearerToken: token)
  }
}
