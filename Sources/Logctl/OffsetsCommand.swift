import ArgumentParser
import ProgLogClient

/// Shows which offsets the log has.
struct OffsetsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "offsets",
    abstract: "Shows where the log begins and ends, or where it was at a time.",
    discussion: """
      Prints the offset of the oldest record and the one that the next record will get. With --time, prints only the offset \
      where everything begins that was appended at that time or later.

      Examples:
        logctl offsets
        logctl offsets --time 2026-11-21T15:04:05Z
        logctl offsets --time -90m --format json
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text
    case json
  }

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("A time in RFC 3339, or a time ago such as -1h (s, m, h, d).", valueName: "time"),
    transform: { try PointInTime(argument: $0) })
  var time: PointInTime?

  @Option(help: "text: for people and scripts; json: an object.")
  var format = Format.text

  @OptionGroup var connection: ConnectionOptions

  func run() async throws {
    try await self.connection.withClient { client in
      let range = try await client.offsets()
      var found: UInt64?
      if let time = self.time { found = try await client.offset(at: time.date) }
      var output = Output(isLive: false)
      switch self.format {
      case .text: try output.write(Array(Self.text(range, found: found).utf8))
      case .json:
        try output.write(
          try JSONText.line(JSONOffsets(earliest: range.lowerBound, latest: range.upperBound, offset: found)))
      }
      try output.flush()
    }
  }

  private struct JSONOffsets: Encodable {
    let earliest: UInt64
    let latest: UInt64
    /// At the time that was asked for.
    let offset: UInt64?
  }

  static func text(_ range: Range<UInt64>, found: UInt64?) -> String {
    if let found { return "\(found)\n" }
    return "earliest  \(range.lowerBound)\nlatest    \(range.upperBound)\n"
  }
}
