import KubernetesClient

extension ObjectBuilder {
  /// Who reaches which port of the servers; nil where none is wanted. What the servers reach is not restricted.
  func networkPolicy() -> DesiredObject? {
    guard spec.networkPolicy.isEnabled else { return nil }
    let own: JSONValue = ["podSelector": ["matchLabels": .object(Names.selector(name))]]
    let clientPorts = [Self.policyPort(.rpc), Self.policyPort(.http)]
    let gossipPorts = [Self.policyPort(.gossip), Self.policyPort(.gossip, protocol: "UDP")]
    var clients: JSONValue = ["ports": .array(clientPorts)]
    // A rule without peers lets everybody in, and so does one with an empty list of them.
    if let peers { clients["from"] = .array(peers) }
    return object(
      .networkPolicy, Names.networkPolicy(name), .server,
      body: [
        "spec": [
          "podSelector": ["matchLabels": .object(Names.selector(name))],
          "policyTypes": ["Ingress"],
          "ingress": [
            ["from": [own], "ports": .array(clientPorts + gossipPorts)],
            clients,
            // The kubelet probes it and Prometheus scrapes it, from who knows where; it has no records.
            ["ports": [Self.policyPort(.ops)]],
          ],
        ]
      ])
  }

  /// Who may come as a client: those of the spec and the operator, which without would be shut out of the cluster that it
  /// is to lead. Nil: everybody.
  private var peers: [JSONValue]? {
    guard let clients = spec.networkPolicy.clients?.withoutNulls.array else { return nil }
    var namespaces: JSONValue = [:]
    if let namespace = defaults.operatorNamespace {
      // The label that Kubernetes gives to namespaces since 1.21.
      namespaces["matchLabels"] = ["kubernetes.io/metadata.name": .string(namespace)]
    }
    let pods: JSONValue = ["matchLabels": [Names.nameLabel: Self.operatorApplication]]
    return clients + [["namespaceSelector": namespaces, "podSelector": pods]]
  }

  /// What the operator's own pods are called, by its chart and its manifests.
  private static let operatorApplication: JSONValue = "proglog-operator"

  private static func policyPort(_ port: Port, protocol: String = "TCP") -> JSONValue {
    ["port": .integer(port.number), "protocol": .string(`protocol`)]
  }
}
