import KubernetesClient

extension ObjectBuilder {
  func configMap() -> DesiredObject {
    object(
      .configMap, Names.configMap(name), .configuration,
      body: ["data": [Names.configurationFile: .string(configurationText())]])
  }

  /// `logd.yaml`: its keys are named as logd's flags. The node's name and advertised address differ by pod and come from
  /// the environment.
  func configurationText() -> String {
    var lines = [
      "# Written by proglog-operator from ProgLog \(name); changes here are undone.",
      "data-dir: \(Names.dataDirectory)",
      "bind-addr: 0.0.0.0:\(Port.gossip.number)",
      "rpc-port: \(Port.rpc.number)",
      "http-port: \(Port.http.number)",
      "ops-port: \(Port.ops.number)",
      // Without TLS logd listens on loopback alone unless told that the network is trusted.
      "allow-plaintext-on-network: true",
      // One server is a cluster by itself. On a volume that has been in one this does nothing.
      "bootstrap: true",
      // The operator decides who is a member, and not whoever reaches the gossip port.
      "membership: managed",
      "log-level: \(spec.logLevel.rawValue)",
      "log-format: json",
    ]
    if let bytes = spec.log.maxStoreBytes { lines.append("max-store-bytes: \(bytes)") }
    if let bytes = spec.log.maxIndexBytes { lines.append("max-index-bytes: \(bytes)") }
    return lines.joined(separator: "\n") + "\n"
  }
}
