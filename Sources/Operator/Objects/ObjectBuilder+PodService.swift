import KubernetesClient

extension ObjectBuilder {
  /// The Service of one pod, by which clients reach that server and no other.
  func podService(_ ordinal: Int) -> DesiredObject {
    var selector = Names.selector(name)
    selector[Names.podNameLabel] = .string(Names.pod(name, ordinal))
    return object(
      .service, Names.podService(name, ordinal), .access, annotations: spec.access.annotations,
      body: [
        "spec": [
          "type": .string(spec.access.type.rawValue),
          "selector": .object(selector),
          "ports": clientPorts,
        ]
      ])
  }
}
