extension ServerCluster {
  /// Debian's etcd, with its defaults but for where it listens and keeps its data. It syncs before it answers.
  static func etcd(_ environment: BenchmarkEnvironment) async throws -> ServerCluster {
    let ports = try freePorts(2 * size)
    let peerURLs = ports[size...].map { "http://127.0.0.1:\($0)" }
    let members = peerURLs.enumerated().map { "etcd-\($0 + 1)=\($1)" }.joined(separator: ",")
    let nodes = (0..<size).map { index in
      let address = "127.0.0.1:\(ports[index])"
      return Node(
        executable: "/usr/bin/env",
        arguments: [
          "etcd", "--name", "etcd-\(index + 1)", "--data-dir", "\(environment.directory)/etcd-\(index + 1)",
          "--log-level", "warn", "--listen-client-urls", "http://\(address)", "--advertise-client-urls",
          "http://\(address)", "--listen-peer-urls", peerURLs[index], "--initial-advertise-peer-urls", peerURLs[index],
          "--initial-cluster", members,
        ], address: address, statusAddress: address)
    }
    return try await started(kind: "put", nodes: nodes, environment.grpcGo)
  }
}
