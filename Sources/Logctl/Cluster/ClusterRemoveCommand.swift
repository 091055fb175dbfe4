import ArgumentParser

/// Removes a member.
struct ClusterRemoveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "remove",
    abstract: "Removes a member.",
    discussion: """
      The member may be down. Refused where too few of the voters that stay answer, for then nothing could be \
      written; start those first. The leader can be removed, too: another one leads then.

      A removed node does not come back by itself. 'logctl cluster add' adds it again, and with an empty data \
      directory it joins as a new node.

      Example:
        logctl cluster remove log-1
      """)

  @Argument(help: ArgumentHelp("The member.", valueName: "name"))
  var name: String

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await self.connection.withChange { change in try await change.remove(self.name) }
  }
}
