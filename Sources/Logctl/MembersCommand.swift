import ArgumentParser
import ProgLogClient

/// Shows who belongs to the cluster.
struct MembersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "members",
    abstract: "Shows who belongs to the cluster, as one node knows it.",
    discussion: """
      Prints each member's name, role, address, and the incarnation of its data directory; a star marks the leader. \
      'logctl cluster status' asks all of them, and says what is wrong.

      Examples:
        logctl members
        logctl members --addr log-0.example.com:8400 --format json
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case table
    case json
  }

  @Option(help: "table: for people; json: an object a line.")
  var format = Format.table

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await self.connection.withServers { servers in
      let client = AdminClient(timeout: .seconds(self.connection.timeout), security: servers.security)
      let members = try await Self.report(of: servers.seeds, client).members
      var output = Output(isLive: false)
      switch self.format {
      case .table: try output.write(Array(Self.table(members).utf8))
      case .json: for member in members { try output.write(try JSONText.line(JSONMember(member))) }
      }
      try output.flush()
    }
  }

  /// Of the first that answers.
  private static func report(of seeds: [NodeAddress], _ client: AdminClient) async throws -> NodeReport {
    var failure: AdminError?
    for seed in seeds {
      do {
        return try await client.status(of: seed)
      } catch let error as AdminError {
        failure = failure ?? error
      }
    }
    throw failure ?? AdminError.failed(.closed)
  }

  static func table(_ members: [ClusterMember]) -> String {
    TextTable.text(
      [[" ", "NAME", "ROLE", "ADDRESS", "INCARNATION"]]
        + members.map {
          [$0.isLeader ? "*" : "", $0.identity.name, $0.role.rawValue, $0.address, $0.identity.incarnation]
        })
  }

  private struct JSONMember: Encodable {
    let name: String
    let role: String
    let address: String
    let incarnation: String
    let leader: Bool

    init(_ member: ClusterMember) {
      self.name = member.identity.name
      self.role = member.role.rawValue
      self.address = member.address
      self.incarnation = member.identity.incarnation
      self.leader = member.isLeader
    }
  }
}
