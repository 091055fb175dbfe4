import KubernetesClient

/// What Services have in common.
extension ObjectBuilder {
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
