import KubernetesClient

extension ObjectBuilder {
  /// The Service of one pod, by which clients reach that server and no other.
  func podService(_ ordinal: Int) -> DesiredObject {
    var selector = Names.selector(name)
    selector[Names.podNameLabel] = .string(Names.pod(name, ordinal))
    return object(
      .service, Names.podService(name, ordinal), .access, annotations: spec.access.common.annotations,
      body: [
        "spec": [
          "type": .string(spec.access.common.type.rawValue),
          "selector": .object(selector),
          "ports": clientPorts,
        ]
      ])
  }
}
