import ArgumentParser
import Glibc
import ProgLogClient

/// Appends records.
struct ProduceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "produce",
    abstract: "Appends records and prints their offsets.",
    discussion: """
      Each value is a record. With no value, or with -, each line of standard input is one, without its line end. An \
      offset is printed once its record is durable. Offsets already printed stay true when a later record fails.

      What is there at once goes as one batch, up to --max-batch-bytes, and a batch is appended whole or not at all. Nothing \
      waits for a batch to fill: a line that comes alone goes alone.

      Examples:
        logctl produce "Let's Go #1" "Let's Go #2"
        seq 1000 | logctl produce --quiet
        logctl produce --file access.log --format json
        logctl produce --file picture.png --whole --max-record-bytes 4000000
        tail -F access.log | logctl produce --addr log-0.example.com:8400 -
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument {
    case text
    case json

    func line(offset: UInt64) -> String {
      switch self {
      case .text: "\(offset)\n"
      case .json: "{\"offset\":\(offset)}\n"
      }
    }
  }

  @Argument(help: ArgumentHelp("The records' values; - for lines of standard input.", valueName: "value"))
  var values: [String] = []

  @Option(help: ArgumentHelp("Take the lines of a file.", valueName: "path"))
  var file: String?

  @Flag(help: "Take the whole file, or the whole standard input, as one record.")
  var whole = false

  @Flag(name: .shortAndLong, help: "Print no offsets.")
  var quiet = false

  @Option(help: "text: an offset a line; json: an object a line.")
  var format = Format.text

  @Option(help: ArgumentHelp("The largest record that is sent.", valueName: "bytes"))
  var maxRecordBytes = 1 << 20

  @Option(
    help: ArgumentHelp("The most bytes of values in a batch; 1 sends each record alone.", valueName: "bytes"))
  var maxBatchBytes = 16 << 10  // Kafka's default; larger ones gain little.

  @OptionGroup var connection: ConnectionOptions

  private var readsInput: Bool { self.values.isEmpty || self.values == ["-"] }

  func validate() throws {
    if self.file != nil, !self.values.isEmpty {
      throw ValidationError("give values or --file, not both")
    }
    if self.whole, !self.readsInput {
      throw ValidationError("--whole is for --file or standard input; a value is one record already")
    }
    guard self.maxRecordBytes > 0 else {
      throw ValidationError("--max-record-bytes must be more than 0, not \(self.maxRecordBytes)")
    }
    guard self.maxBatchBytes > 0 else {
      throw ValidationError("--max-batch-bytes must be more than 0, not \(self.maxBatchBytes)")
    }
  }

  func run() async throws {
    try await self.connection.withClient { client in
      let input = try self.makeInput()
      let progress = ProduceProgress(
        isShown: Console.isTerminal(STDERR_FILENO) && (self.quiet || !Console.isTerminal(STDOUT_FILENO)))
      defer { progress.finish() }
      let places = client.produce(
        batches: RecordInput.Batches(input: input, maximumBytes: self.maxBatchBytes).map { values in
          progress.sending(bytes: values.reduce(0) { $0 + $1.count })
          return values
        })
      var hasReader = true
      for try await offsets in places {
        progress.acknowledged(records: offsets.count)
        guard hasReader, !self.quiet else { continue }
        do {
          // Not gathered: an offset that is not printed when this process is killed is a record in doubt.
          try Console.write(Array(offsets.map(self.format.line(offset:)).joined().utf8), to: STDOUT_FILENO)
        } catch is OutputClosed {
          // The records matter more than who reads their offsets.
          hasReader = false
        }
      }
    }
  }

  private func makeInput() throws -> RecordInput {
    guard self.readsInput else { return .values(self.values) }
    let file = try InputFile(path: self.file)
    return self.whole ? .whole(file, limit: self.maxRecordBytes) : .lines(of: file, limit: self.maxRecordBytes)
  }
}
