import ArgumentParser

/// Makes a voter a learner.
struct ClusterDemoteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demote",
    abstract: "Makes a voter a learner, which gets the log and has no vote.",
    discussion: """
      Refused where too few of the voters that stay answer. A node with --start-join-addrs asks to be a voter again \
      when it starts again.

      Example:
        logctl cluster demote log-1
      """)

  @Argument(help: ArgumentHelp("The member.", valueName: "name"))
  var name: String

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await self.connection.withChange { change in try await change.demote(self.name) }
  }
}
