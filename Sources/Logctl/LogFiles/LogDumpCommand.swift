import ArgumentParser
import CommitLog

/// Prints the batches of a log, or their records.
struct LogDumpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dump",
    abstract: "Prints what stands in the files of a log.",
    discussion: """
      A line for each batch: where it is, its index, term and offsets, what it holds. With --records also a line for each \
      record, its value as text, or in base64 when it is no text. It changes nothing and takes no lock.

      Examples:
        logctl log dump /var/lib/proglog
        logctl log dump /var/lib/proglog --from 100 --limit 5 --records
        logctl log dump /var/lib/proglog --json | jq .codec
      """)

  @Argument(help: ArgumentHelp("The data directory of the server.", valueName: "directory"))
  var directory: String

  @Option(help: ArgumentHelp("Begin with the batch that holds this offset.", valueName: "offset"))
  var from: UInt64 = 0

  @Option(name: [.customShort("n"), .long], help: ArgumentHelp("Stop after so many batches.", valueName: "count"))
  var limit: Int?

  @Flag(help: "Print the records too.")
  var records = false

  @Flag(help: "One JSON object for each batch.")
  var json = false

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit must be 1 or more, not \(limit)") }
  }

  func run() throws {
    try withLogErrors {
      let inspector = try LogInspector(directory: directory)
      var output = Output(isLive: false)
      var left = limit ?? .max
      do {
        try inspector.forEachBatch(from: Offset(from)) { batch, file, position in
          let dumped = DumpedBatch(batch, file: file, position: position, withRecords: records)
          if json {
            try output.write(try JSONText.line(dumped))
          } else {
            for line in dumped.lines { try output.write(line: line) }
          }
          left -= 1
          return left > 0
        }
      } catch let error as LogError {
        // What came before the damage is worth seeing.
        try output.flush()
        throw error
      }
      try output.flush()
    }
  }
}
