import ArgumentParser
import ProgLogClient

/// Goes on with what one node has, when most voters are lost.
struct ClusterRecoverCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover",
    abstract: "Begins another cluster with the log of one node, when most voters of its cluster are lost for good.",
    discussion: """
      Use it only when the others cannot come back: with more than half of the voters, the cluster goes on by itself and \
      loses nothing. --addr must name one node that is left; where several are, the one whose log ends in the highest term \
      and of those at the highest index (last_term, last_index in 'logctl cluster status --format json'). Records that were acknowledged and never reached that node are lost.

      The node keeps its log and becomes the only voter of a cluster with a new id. The old cluster's nodes are \
      strangers to it from then on, also if they do come back: stop them, and let them join with empty data \
      directories. A node that hears a leader refuses.

      Examples:
        logctl cluster status
        logctl cluster recover --addr log-2.example.com:8400 --cluster-id 3f9a1c2b
      """)

  @Option(
    help: ArgumentHelp("The id of the cluster that is given up, as 'logctl cluster status' shows it.", valueName: "id"))
  var clusterID: String

  @Option(help: ArgumentHelp("The id of the cluster that begins. Default: a random one.", valueName: "id"))
  var newClusterID: String?

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await self.connection.withServers { servers in
      let lines = try await Self.recover(
        seeds: servers.seeds, clusterID: self.clusterID, newClusterID: self.newClusterID,
        timeout: .seconds(self.connection.timeout), security: servers.security)
      for line in lines { try Console.say(line) }
    }
  }

  /// - Returns: what is so now, and what may be lost.
  static func recover(
    seeds: [NodeAddress], clusterID: String, newClusterID: String?, timeout: Duration,
    security: ClientSecurity = .plaintext
  ) async throws -> [String] {
    // Two nodes that go on alone would be two clusters.
    guard seeds.count == 1 else {
      throw ClusterRefusal(description: "one node goes on: give its address alone with --addr")
    }
    let admin = AdminClient(timeout: timeout, security: security)
    let before = try await admin.status(of: seeds[0])
    let recovered = try await admin.recover(
      seeds[0], abandoning: clusterID, newClusterID: newClusterID, lastIndex: before.lastIndex)
    let after = try await admin.status(of: seeds[0])
    return Self.lines(before, clusterID, recovered, after)
  }

  static func lines(
    _ before: NodeReport, _ abandoned: String, _ recovered: RecoveredCluster, _ after: NodeReport
  ) -> [String] {
    let name = before.identity.name
    let doubtful =
      before.endOffset < after.endOffset
      ? "; those from offset \(before.endOffset) on may never have been acknowledged" : ""
    return [
      "cluster \(recovered.clusterID) has begun with \(name) alone; cluster \(abandoned) is given up",
      "kept: all that \(name) had, offsets \(after.startOffset) up to but not \(after.endOffset)\(doubtful)",
      "lost: what the others acknowledged beyond that (entries after index \(recovered.lastIndex)), if there was any",
      "next: let new nodes join, or old ones with empty data directories",
    ]
  }
}
