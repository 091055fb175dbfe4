extension MergedKubeconfig.Entry<Kubeconfig.User> {
  func execPlugin() throws(KubernetesError) -> ExecPlugin? {
    guard let exec = value.exec else { return nil }
    guard let command = exec.command, !command.isEmpty else { throw wrong("exec.command", "is not set") }
    let versions = ExecPlugin.knownVersions
    guard let apiVersion = exec.apiVersion, versions.contains(apiVersion) else {
      throw wrong(
        "exec.apiVersion",
        "is \"\(exec.apiVersion ?? "")\"; known are \(versions.joined(separator: " and ")): use a newer plugin")
    }
    // We have no terminal to lend.
    if exec.interactiveMode == "Always" {
      throw wrong("exec.interactiveMode", "is \"Always\", but nobody can answer the plugin here: use a token")
    }
    return ExecPlugin(
      apiVersion: apiVersion,
      // A mere name is looked up in PATH; anything else is relative to the kubeconfig.
      command: command.contains("/") ? resolve(command) : command, arguments: exec.args ?? [],
      variables: exec.env ?? [], wantsCluster: exec.provideClusterInfo ?? false, installHint: exec.installHint,
      origin: "\(file): \(path).exec")
  }
}
