import KubernetesClient

/// One server, as the status lists it.
struct Member: Sendable, Hashable {
  var name: String
  var isReady: Bool
  /// `host:port` for gRPC and for the JSON API; nil while there is none.
  var address: String?
  var httpAddress: String?

  init(_ builder: ObjectBuilder, _ ordinal: Int, _ observation: Observation) {
    name = Names.pod(builder.name, ordinal)
    let pod = observation.pod(ordinal)
    isReady = pod?.isReady ?? false
    guard let service = observation[.service, Names.podService(builder.name, ordinal)] else { return }
    switch builder.spec.access.common.type {
    case .loadBalancer:
      guard let host = Self.loadBalancer(of: service) else { return }
      (address, httpAddress) = ("\(host):\(Port.rpc.number)", "\(host):\(Port.http.number)")
    case .nodePort:
      guard let host = pod?.status["hostIP"]?.string.map(Self.bracketed) else { return }
      address = Self.nodePort(.rpc, of: service).map { "\(host):\($0)" }
      httpAddress = Self.nodePort(.http, of: service).map { "\(host):\($0)" }
    case .clusterIP:
      let host = "\(service.name).\(builder.identity.namespace).svc"
      (address, httpAddress) = ("\(host):\(Port.rpc.number)", "\(host):\(Port.http.number)")
    }
  }

  var status: JSONValue {
    var status: JSONValue = ["name": .string(name), "ready": .bool(isReady)]
    status["address"] = address.map { .string($0) }
    status["httpAddress"] = httpAddress.map { .string($0) }
    return status
  }

  /// The host that a load balancer gave the Service; a name where there is no IP, as on AWS.
  static func loadBalancer(of service: KubernetesObject?) -> String? {
    let ingress = service?.status[path: "loadBalancer", "ingress"]?.array?.first
    return (ingress?["ip"] ?? ingress?["hostname"])?.string.map(bracketed)
  }

  private static func nodePort(_ port: Port, of service: KubernetesObject) -> Int64? {
    service.spec["ports"]?.array?.first { $0["name"]?.string == port.rawValue }?["nodePort"]?.integer
  }

  /// IPv6 addresses need brackets before a port.
  private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
}
