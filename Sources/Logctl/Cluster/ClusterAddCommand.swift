import ArgumentParser
import ProgLogClient

/// Adds a node.
struct ClusterAddCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "add",
    abstract: "Adds a node to the cluster, as a learner or, with --voter, as a voter.",
    discussion: """
      The node must run; it is asked for its name, its incarnation and where the others reach it \
      (--advertise-rpc-addr). With NAME=, it must have that name. A learner gets the log and has no vote. With \
      --voter the command goes on until the node has nearly all of the log, and makes it a voter. A node that is a \
      member already is left as it is.

      Examples:
        logctl cluster add log-1.example.com:8400
        logctl cluster add log-1=log-1.example.com:8400 --voter --wait 3600
      """)

  @Argument(
    help: ArgumentHelp("Where the node is reached.", valueName: "[name=]host:port"),
    transform: { argument in
      do {
        return try ClusterChange.Newcomer(argument: argument)
      } catch {
        throw ValidationError("\(error)")
      }
    })
  var node: ClusterChange.Newcomer

  @Flag(help: "Make it a voter once it has caught up, and wait for that.")
  var voter = false

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    if self.waiting.wait != nil, !self.voter {
      throw ValidationError("--wait goes with --voter: a learner is added at once")
    }
  }

  func run() async throws {
    try await self.connection.withChange { change in
      let (name, outcome) = try await change.add(self.node)
      guard self.voter else { return outcome }
      // True whatever becomes of the rest.
      try Console.say(outcome)
      return try await change.promote(name, wait: .seconds(self.waiting.wait ?? WaitOptions.defaultSeconds))
    }
  }
}
