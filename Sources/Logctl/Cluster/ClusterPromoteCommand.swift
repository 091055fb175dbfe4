import ArgumentParser

/// Makes a learner a voter.
struct ClusterPromoteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote",
    abstract: "Makes a learner a voter.",
    discussion: """
      A learner that lacks much of the log is refused: as a voter it would make every write wait. With --wait the \
      command waits so long for it to catch up. A voter is left as it is.

      Examples:
        logctl cluster promote log-1
        logctl cluster promote log-1 --wait 600
      """)

  @Argument(help: ArgumentHelp("The member.", valueName: "name"))
  var name: String

  @OptionGroup var waiting: WaitOptions
  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await self.connection.withChange { change in
      try await change.promote(self.name, wait: .seconds(self.waiting.wait ?? 0))
    }
  }
}
