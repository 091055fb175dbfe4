import TestSupport

extension ServerCluster {
  /// Ours, with the defaults. The first node begins the cluster and the others join it.
  static func logd(
    _ environment: BenchmarkEnvironment, variables: (Int) -> [String: String] = { _ in [:] }
  ) async throws -> ServerCluster {
    let ports = try freePorts(size)
    let nodes = ports.indices.map { index in
      Node(
        executable: Products.path("logd"),
        arguments: [
          "--node-name", "node-\(index + 1)", "--data-dir", "\(environment.directory)/logd-\(index + 1)", "--bind-addr",
          "127.0.0.1:0", "--rpc-port", "\(ports[index])", "--http-port", "0", "--ops-port", "0",
        ] + (index == 0 ? ["--bootstrap"] : ["--start-join-addrs", "127.0.0.1:\(ports[0])"]),
        environment: variables(index), address: "127.0.0.1:\(ports[index])",
        statusAddress: "127.0.0.1:\(ports[index])")
    }
    return try await started(kind: "produce", nodes: nodes, environment.grpcGo)
  }
}
