import ArgumentParser
import ProgLogClient

/// Prints what comes.
struct TailCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tail",
    abstract: "Prints records as they come, until it is interrupted.",
    discussion: """
      The same as 'logctl consume --from latest --follow'. With --last it begins so many records earlier.

      Examples:
        logctl tail
        logctl tail --last 10 --format offset-value
      """)

  @Option(help: ArgumentHelp("Print so many of the newest records first.", valueName: "count"))
  var last: UInt64 = 0

  @Option(
    name: [.customShort("n"), .long, .customLong("max-records")],
    help: ArgumentHelp("Stop after so many records.", valueName: "count"))
  var limit: UInt64?

  @Option(help: "As of 'logctl consume': text, offset-value, json, base64 or raw.")
  var format = RecordFormat.text

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await self.connection.withClient { client in
      try await Interruption.stopping {
        let position = try await self.position(client)
        try await RecordPrinter(format: self.format, isLive: true).print(
          client.consume(from: position, follow: true, limit: self.limit))
      }
    }
  }

  private func position(_ client: ProgLogClient) async throws -> ConsumePosition {
    guard self.last > 0 else { return .latest }
    let log = try await client.offsets()
    return .offset(log.upperBound - min(self.last, log.upperBound - log.lowerBound))
  }
}
