import KubernetesClient

extension ObjectBuilder {
  /// Where clients in the cluster start: any ready server tells them of the others.
  func clientService() -> DesiredObject {
    object(
      .service, Names.clientService(name), .client, labels: spec.service.labels, annotations: spec.service.annotations,
      body: ["spec": serviceSpec(spec.service, selector: Names.selector(name))])
  }

  /// What the Services that clients come to have in common. `externalTrafficPolicy` is left to whoever knows the network.
  /// - Parameters:
  ///   - settings: of which only those are used that the type has: the API server refuses the others.
  ///   - override: what is different for one pod.
  func serviceSpec(
    _ settings: ProgLogSpec.ServiceSettings, selector: [String: JSONValue],
    override: ProgLogSpec.Access.Override? = nil
  ) -> JSONValue {
    let hasNodePorts = settings.type != .clusterIP
    // gRPC runs over HTTP/2, with which a load balancer that terminates requests must not guess.
    let ports: JSONValue = [
      servicePort("rpc", .rpc, application: "grpc", nodePort: hasNodePorts ? override?.rpcNodePort : nil),
      servicePort("http", .http, application: "http", nodePort: hasNodePorts ? override?.httpNodePort : nil),
    ]
    var service: JSONValue = [
      "type": .string(settings.type.rawValue), "selector": .object(selector), "ports": ports,
    ]
    guard settings.type == .loadBalancer else { return service }
    if !settings.loadBalancerSourceRanges.isEmpty {
      service["loadBalancerSourceRanges"] = .array(settings.loadBalancerSourceRanges.map { .string($0) })
    }
    service["loadBalancerClass"] = settings.loadBalancerClass.map { .string($0) }
    service["loadBalancerIP"] = override?.loadBalancerIP.map { .string($0) }
    return service
  }
}
