import FoundationEssentials

extension ClusterConfiguration {
  /// The configuration that kubectl would use: the files of `KUBECONFIG`, else `~/.kube/config`.
  ///
  /// - Parameter context: a context's name; the file's `current-context` when nil.
  package static func kubeconfig(
    context: String? = nil, environment: [String: String]
  ) throws(KubernetesError) -> ClusterConfiguration {
    let listed = (environment["KUBECONFIG"] ?? "").split(separator: ":").map(String.init)
    let files = listed.isEmpty ? ["\(environment["HOME"] ?? "/root")/.kube/config"] : listed
    // Kubectl passes over the files of the list that do not exist.
    let existing = files.filter { FileManager.default.fileExists(atPath: $0) }
    guard !existing.isEmpty else {
      throw .configuration("no kubeconfig: \(files.joined(separator: ", ")) not found; set KUBECONFIG")
    }
    return try kubeconfig(files: existing, context: context)
  }

  /// Merges files as kubectl does: for each name, and for `current-context`, the first file that has it wins.
  package static func kubeconfig(
    files: [String], context contextName: String? = nil
  ) throws(KubernetesError) -> ClusterConfiguration {
    let merged = try MergedKubeconfig(files: files)
    let origin = files.joined(separator: ":")
    guard let name = contextName ?? merged.currentContext else {
      throw .configuration("\(origin): current-context is not set; name a context")
    }
    let context = try merged.entry(name, in: \.contexts, "contexts")
    let cluster = try merged.entry(context.value.cluster, in: \.clusters, "clusters")
    let user: MergedKubeconfig.Entry<Kubeconfig.User>? =
      if let name = context.value.user, !name.isEmpty { try merged.entry(name, in: \.users, "users") } else { nil }
    var configuration = try cluster.configuration()
    if let namespace = context.value.namespace, !namespace.isEmpty { configuration.namespace = namespace }
    configuration.clientCertificate = try user?.clientCertificate()
    configuration.bearerToken = try user?.bearerToken()
    // As in client-go, a token that is written down wins.
    if configuration.bearerToken == nil { configuration.execPlugin = try user?.execPlugin() }
    return configuration
  }
}
