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
}
