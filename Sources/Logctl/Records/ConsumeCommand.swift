import ArgumentParser
import ProgLogClient

/// Prints records.
struct ConsumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "consume",
    abstract: "Prints records in the order of the log.",
    discussion: """
      Prints the records from --from up to the newest at the start, or with --follow also those to come, until it is \
      interrupted (Ctrl-C). When the connection is lost it is made again and no record is missed or printed twice.

      Examples:
        logctl consume
        logctl consume --from 100 --limit 10 --format offset-value
        logctl consume --from latest --follow
        logctl consume --from-time 2026-11-21T15:04:05Z --max-records 10
        logctl consume --from-time -1h --follow
        logctl consume --format json | jq .offset
        logctl consume --from 7 --limit 1 --format raw > picture.png
      """)

  @Option(
    help: ArgumentHelp(
      "The first record: an offset, earliest or latest (only new ones). Default: earliest.", valueName: "position"),
    transform: ConsumePosition.init(argument:))
  var from = ConsumePosition.earliest

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Begin with what was appended at that time or later: RFC 3339, or a time ago such as -1h (s, m, h, d).",
      valueName: "time"),
    transform: { try PointInTime(argument: $0) })
  var fromTime: PointInTime?

  @Flag(name: .shortAndLong, help: "Wait for new records and print them as they come.")
  var follow = false

  @Option(
    name: [.customShort("n"), .long, .customLong("max-records")],
    help: ArgumentHelp("Stop after so many records.", valueName: "count"))
  var limit: UInt64?

  @Option(
    help: """
      text: the value and a line end; offset-value: offset, tab, value, line end; json: an object a line, with value, or \
      value_base64 where the value is not UTF-8; base64: a line each; raw: the values and nothing else.
      """)
  var format = RecordFormat.text

  @OptionGroup var connection: ConnectionOptions

  /// Where to begin, whichever way it was said.
  var position: ConsumePosition { self.fromTime.map { .time($0.date) } ?? self.from }

  func validate() throws {
    if self.fromTime != nil, self.from != .earliest {
      throw ValidationError("give --from or --from-time, not both")
    }
  }

  func run() async throws {
    try await self.connection.withClient { client in
      if self.follow {
        try await Interruption.stopping { try await self.printRecords(of: client) }
      } else {
        try await self.printRecords(of: client)
      }
    }
  }

  private func printRecords(of client: ProgLogClient) async throws {
    try await RecordPrinter(format: self.format, isLive: self.follow).print(
      client.consume(from: self.position, follow: self.follow, limit: self.limit))
  }
}

extension ConsumePosition {
  /// `earliest`, `latest` or an offset.
  init(argument: String) throws(ValidationError) {
    switch argument {
    case "earliest": self = .earliest
    case "latest": self = .latest
    default:
      guard let offset = UInt64(argument) else {
        throw ValidationError("'\(argument)' is neither an offset (0 or more) nor earliest nor latest")
      }
      self = .offset(offset)
    }
  }
}
