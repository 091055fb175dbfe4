import ArgumentParser

/// Shows and changes who belongs to a cluster.
struct ClusterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster",
    abstract: "Shows the members of a cluster and what is wrong, and changes them.",
    discussion: """
      A cluster begins with one node (bootstrap). A new node is added as a learner, which gets the log and has no \
      vote; once it has nearly all of it, it is made a voter (promote). Writing needs more than half of the voters. \
      What would leave fewer than that is refused, and the answer says why.

      When more than half of the voters are lost for good, one that is left goes on alone (recover), and new nodes join it.

      Members change one at a time. --addr may name any node: the one asked says who leads, and that one is asked then.

      Examples:
        logctl cluster status
        logctl cluster bootstrap --addr log-0.example.com:8400
        logctl cluster add log-1.example.com:8400 --voter
        logctl cluster transfer log-1
        logctl cluster remove log-0
      """,
    subcommands: [
      ClusterStatusCommand.self, ClusterAddCommand.self, ClusterPromoteCommand.self, ClusterDemoteCommand.self,
      ClusterRemoveCommand.self, ClusterTransferCommand.self, ClusterBootstrapCommand.self,
      ClusterRecoverCommand.self,
    ])
}
