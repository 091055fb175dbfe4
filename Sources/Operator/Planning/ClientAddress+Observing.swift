import KubernetesClient

extension ClientAddress {
  /// Where clients outside reach each pod, as far as its Service has been given an address.
  static func all(_ builder: ObjectBuilder, _ observation: Observation) -> [String: ClientAddress] {
    var addresses: [String: ClientAddress] = [:]
    for ordinal in builder.ordinals {
      let name = Names.pod(builder.name, ordinal)
      let override = builder.spec.access.overrides[name]
      guard var address = found(ordinal, builder, observation) else { continue }
      if let host = override?.advertisedHost { address.host = host }
      addresses[name] = address
    }
    return addresses
  }

  private static func found(
    _ ordinal: Int, _ builder: ObjectBuilder, _ observation: Observation
  ) -> ClientAddress? {
    guard let service = observation[.service, Names.podService(builder.name, ordinal)] else { return nil }
    switch builder.spec.access.common.type {
    case .loadBalancer:
      return loadBalancer(of: service).map {
        ClientAddress(host: $0, rpcPort: Port.rpc.number, httpPort: Port.http.number)
      }
    case .nodePort:
      guard let rpc = nodePort(.rpc, of: service), let http = nodePort(.http, of: service),
        let host = observation.pod(ordinal)?.status["hostIP"]?.string ?? recordedHost(ordinal, builder, observation)
      else { return nil }
      return ClientAddress(host: host, rpcPort: rpc, httpPort: http)
    // Nobody outside reaches it; inside, servers are known by names of their own.
    case .clusterIP: return nil
    }
  }

  /// The host that a load balancer gave the Service; a name where there is no IP, as on AWS.
  static func loadBalancer(of service: KubernetesObject?) -> String? { loadBalancers(of: service).first }

  /// Those of each pod's own Service, by pod.
  static func loadBalancersOfPods(_ builder: ObjectBuilder, _ observation: Observation) -> [String: [String]] {
    guard builder.spec.access.common.type == .loadBalancer else { return [:] }
    return builder.ordinals.reduce(into: [:]) { hosts, ordinal in
      hosts[Names.pod(builder.name, ordinal)] = loadBalancers(
        of: observation[.service, Names.podService(builder.name, ordinal)])
    }
  }

  /// All of them, IP addresses before names.
  static func loadBalancers(of service: KubernetesObject?) -> [String] {
    let ingress = service?.status[path: "loadBalancer", "ingress"]?.array ?? []
    return ["ip", "hostname"].flatMap { field in ingress.compactMap { $0[field]?.string } }
  }

  private static func nodePort(_ port: Port, of service: KubernetesObject) -> Int64? {
    service.spec["ports"]?.array?.first { $0["name"]?.string == port.rawValue }?["nodePort"]?.integer
  }

  /// The node on which the pod last ran: while it moves, nothing is served there, and nothing is to be rewritten for it.
  private static func recordedHost(_ ordinal: Int, _ builder: ObjectBuilder, _ observation: Observation) -> String? {
    let member = observation.resource.status["members"]?.array?.first {
      $0["name"]?.string == Names.pod(builder.name, ordinal)
    }
    guard let address = member?["address"]?.string, let colon = address.lastIndex(of: ":") else { return nil }
    let host = address[..<colon]
    return host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
  }
}
