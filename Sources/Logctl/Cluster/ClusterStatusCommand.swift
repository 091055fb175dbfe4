import ArgumentParser
import ProgLogClient

/// Shows how far each member is, and what is wrong.
struct ClusterStatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Shows how far each member is, and what is wrong.",
    discussion: """
      Asks the nodes at --addr and every member that they name. The leader is marked by a star. COMMIT and LAST are \
      the newest committed and the newest entry that each member knows of; LAG is how many of the leader's entries it \
      lacks. What is wrong is said below the table.

      Exits with 0 when there is a leader and it has a quorum, whatever else is wrong; else with \
      \(FailureCode.notWorking.rawValue), or with \(FailureCode.unreachable.rawValue) when no node answers.

      Examples:
        logctl cluster status
        logctl cluster status --addr log-0.example.com:8400,log-1.example.com:8400
        logctl cluster status --format json | jq '.problems[]'
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case table
    case json
  }

  @Option(help: "table: for people; json: an object.")
  var format = Format.table

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await self.connection.withServers { servers in
      let view = try await Self.view(
        seeds: servers.seeds, timeout: .seconds(self.connection.timeout), security: servers.security)
      var output = Output(isLive: false)
      switch self.format {
      case .table: try output.write(Array(view.text.utf8))
      case .json: try output.write(try JSONText.line(view.json))
      }
      try output.flush()
      guard view.isWorking else { throw ExitCode(FailureCode.notWorking.rawValue) }
    }
  }

  /// - Throws: what the first address failed with, when none answers.
  static func view(
    seeds: [NodeAddress], timeout: Duration, connectionTimeout: Duration = AdminClient.defaultConnectionTimeout,
    security: ClientSecurity = .plaintext
  ) async throws -> ClusterView {
    let client = AdminClient(timeout: timeout, connectionTimeout: connectionTimeout, security: security)
    let answers = try await ClusterSurvey(client: client).answers(seeds: seeds)
    if answers.allSatisfy({ $0.known == nil }), case .failure(let error)? = answers.first?.report { throw error }
    return ClusterView(answers)
  }
}
