import KubernetesClient

extension ObjectBuilder {
  /// Where clients in the cluster start: any ready server tells them of the others.
  func clientService() -> DesiredObject {
    object(
      .service, Names.clientService(name), .client, annotations: spec.service.annotations,
      body: [
        "spec": [
          "type": .string(spec.service.type.rawValue),
          "selector": .object(Names.selector(name)),
          "ports": clientPorts,
        ]
      ])
  }

  /// gRPC runs over HTTP/2, with which a load balancer that terminates requests must not guess.
  var clientPorts: JSONValue {
    [servicePort("rpc", .rpc, application: "grpc"), servicePort("http", .http, application: "http")]
  }
}
