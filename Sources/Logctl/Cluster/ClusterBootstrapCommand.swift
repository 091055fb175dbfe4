import ArgumentParser
import ProgLogClient

/// Begins a cluster.
struct ClusterBootstrapCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bootstrap",
    abstract: "Begins a cluster of one node, once in the cluster's life.",
    discussion: """
      --addr must name that one node. It must never have been in a cluster. Other nodes join it or are added. A node \
      that was started with --bootstrap has done it already.

      Examples:
        logctl cluster bootstrap --addr log-0.example.com:8400
        logctl cluster bootstrap --addr log-0.example.com:8400 --cluster-id orders
      """)

  @Option(help: ArgumentHelp("What the cluster is called for ever. Default: a random id.", valueName: "id"))
  var clusterID: String?

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await self.connection.withServers { servers in
      let id = try await Self.bootstrap(
        seeds: servers.seeds, clusterID: self.clusterID, timeout: .seconds(self.connection.timeout),
        security: servers.security)
      try Console.say("cluster \(id) has begun")
    }
  }

  static func bootstrap(
    seeds: [NodeAddress], clusterID: String?, timeout: Duration, security: ClientSecurity = .plaintext
  ) async throws -> String {
    // Two nodes that begin a cluster each would be two clusters.
    guard seeds.count == 1 else {
      throw ClusterRefusal(description: "a cluster begins with one node: give its address alone with --addr")
    }
    return try await AdminClient(timeout: timeout, security: security).bootstrap(seeds[0], clusterID: clusterID)
  }
}
