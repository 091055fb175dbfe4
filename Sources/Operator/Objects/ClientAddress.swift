/// Where clients outside the cluster reach one pod.
struct ClientAddress: Sendable, Hashable {
  /// A name or an IP address, IPv6 without brackets.
  var host: String
  var rpcPort: Int64
  var httpPort: Int64

  /// `HOST:PORT` of the gRPC API.
  var rpc: String { "\(bracketedHost):\(rpcPort)" }
  var http: String { "\(bracketedHost):\(httpPort)" }

  private var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }
}
