import KubernetesClient

extension ObjectBuilder {
  /// Gives every pod a DNS name, ready or not: servers must find each other before they can become ready.
  func headlessService() -> DesiredObject {
    object(
      .service, Names.headlessService(name), .server,
      body: [
        "spec": [
          "clusterIP": "None",
          "publishNotReadyAddresses": true,
          "selector": .object(Names.selector(name)),
          "ports": [
            servicePort("rpc", .rpc), servicePort("gossip-tcp", .gossip),
            servicePort("gossip-udp", .gossip, protocol: "UDP"), servicePort("http", .http, application: "http"),
          ],
        ]
      ])
  }

  /// A port of a Service. The protocol is spelled out: it is part of the key by which server-side apply tells ports apart.
  /// - Parameters:
  ///   - application: `appProtocol`, an IANA service name, for load balancers that look into the stream.
  ///   - nodePort: nil: Kubernetes chooses, where the Service has one.
  func servicePort(
    _ name: String, _ target: Port, protocol: String = "TCP", application: String? = nil, nodePort: Int64? = nil
  ) -> JSONValue {
    var port: JSONValue = [
      "name": .string(name), "port": .integer(target.number), "protocol": .string(`protocol`),
      // By number: the pods have two ports at 8401, of which only one can be called gossip.
      "targetPort": .integer(target.number),
    ]
    port["appProtocol"] = application.map { .string($0) }
    port["nodePort"] = nodePort.map { .integer($0) }
    return port
  }
}
