import Foundation
import TestSupport

extension ServerCluster {
  /// Debian's nats-server with JetStream and a stream of three replicas in files, with its defaults: it acknowledges
  /// what the page caches of two nodes have, and syncs every two minutes.
  ///
  /// - Parameter syncsAlways: whether every write is on the disk before it is acknowledged. `sync_interval: always`
  ///   came with 2.10, and Debian has 2.9; there, the file system does the same for it: what is written into a file
  ///   with the attribute S, which a file inherits from its directory, is synced before the write returns (chattr(1)).
  static func nats(_ environment: BenchmarkEnvironment, syncsAlways: Bool = false) async throws -> ServerCluster {
    let ports = try freePorts(3 * size)
    let routes = ports[size..<2 * size].map { "nats://127.0.0.1:\($0)" }
    var nodes: [Node] = []
    for index in 0..<size {
      let directory = "\(environment.directory)/\(syncsAlways ? "nats-synced" : "nats")-\(index + 1)"
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
      if syncsAlways { try await syncWrites(in: directory) }
      nodes.append(
        Node(
          executable: "/usr/bin/env",
          arguments: [
            "nats-server", "-n", "nats-\(index + 1)", "-a", "127.0.0.1", "-p", "\(ports[index])", "-m",
            "\(ports[2 * size + index])", "--cluster_name", "bench", "--cluster", routes[index], "--routes",
            routes.joined(separator: ","), "-js", "-sd", directory,
          ], address: "127.0.0.1:\(ports[index])", statusAddress: "127.0.0.1:\(ports[2 * size + index])"))
    }
    return try await started(kind: "jetstream", nodes: nodes, environment.grpcGo)
  }

  private static func syncWrites(in directory: String) async throws {
    let result = try await run("/usr/bin/env", ["chattr", "+S", directory])
    guard result.status == 0 else {
      throw NeverHappened(description: "the file system of the working directory has no attribute S: \(result.errors)")
    }
  }
}
