import ArgumentParser
import ProgLogClient

/// Shows the cluster's members.
struct ServersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "servers",
    abstract: "Shows the members of the cluster and which of them leads.",
    discussion: """
      Examples:
        logctl servers
        logctl servers --addr log-0.example.com:8400 --format json
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case table
    case json
  }

  @Option(help: "table: for people; json: an object a line.")
  var format = Format.table

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await self.connection.withClient { client in
      let servers = try await client.servers()
      var output = Output(isLive: false)
      switch self.format {
      case .table: try output.write(Array(Self.table(servers).utf8))
      case .json:
        for server in servers {
          try output.write(try JSONText.line(JSONServer(server)))
        }
      }
      try output.flush()
    }
  }

  private struct JSONServer: Encodable {
    let id: String
    let address: String
    let leader: Bool

    init(_ server: ClusterServer) {
      self.id = server.id
      self.address = server.address
      self.leader = server.isLeader
    }
  }

  static func table(_ servers: [ClusterServer]) -> String {
    TextTable.text(
      [["ID", "ADDRESS", "ROLE"]] + servers.map { [$0.id, $0.address, $0.isLeader ? "leader" : "follower"] })
  }
}
