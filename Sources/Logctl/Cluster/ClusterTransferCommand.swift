import ArgumentParser

/// Hands leadership over.
struct ClusterTransferCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transfer",
    abstract: "Hands leadership to another voter.",
    discussion: """
      To the one that is named, or else to whichever has the most of the log. Writes wait meanwhile, for an election \
      time-out at most.

      Examples:
        logctl cluster transfer
        logctl cluster transfer log-1
      """)

  @Argument(help: ArgumentHelp("The voter that is to lead.", valueName: "name"))
  var name: String?

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await self.connection.withChange { change in try await change.transferLeadership(to: self.name) }
  }
}
