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

      Records that come while others are on their way go as one batch, up to --max-batch-bytes. Nothing waits for a batch to \
      fill: a line that comes alone goes alone. Records are numbered: one whose answer is lost is sent again, to the next \
      leader perhaps, and is appended once.

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
      // Who typed a wrong address is to know before all input is read.
      _ = try await client.servers()
      let progress = ProduceProgress(
        isShown: Console.isTerminal(STDERR_FILENO) && (self.quiet || !Console.isTerminal(STDOUT_FILENO)))
      defer { progress.finish() }
      let sent = BoundedChannel<Acknowledgement>(limit: Self.unprintedBytes)
      let producer = client.makeProducer(self.producerConfiguration)
      // Unstructured: a read that waits for a person's typing cannot be cancelled, and must not hold a failure up.
      let reader = Task { await Self.read(input, to: producer, sent, progress) }
      defer { reader.cancel() }
      try await self.printOffsets(sent, progress)
    }
  }

  /// Of acknowledgements that wait to be printed: they are small, and so a reader of the output that is slow makes the input
  /// wait.
  private static let unprintedBytes = 1 << 20

  private var producerConfiguration: ProducerConfiguration {
    var configuration = ProducerConfiguration()
    configuration.batchBytes = self.maxBatchBytes
    configuration.deliveryTimeout = .seconds(self.connection.timeout)
    return configuration
  }

  private static func read(
    _ input: RecordInput, to producer: Producer, _ sent: BoundedChannel<Acknowledgement>, _ progress: ProduceProgress
  ) async {
    do {
      for try await value in input {
        progress.sending(bytes: value.count)
        try await sent.send(try await producer.send(value), bytes: MemoryLayout<Acknowledgement>.size)
      }
      sent.finish(.success(()))
    } catch {
      sent.finish(.failure(error))
    }
  }

  private func printOffsets(_ sent: BoundedChannel<Acknowledgement>, _ progress: ProduceProgress) async throws {
    var hasReader = !self.quiet
    while let acknowledgements = try await sent.receive() {
      var lines = ""
      func flush() throws {
        defer { lines = "" }
        guard hasReader, !lines.isEmpty else { return }
        do {
          try Console.write(Array(lines.utf8), to: STDOUT_FILENO)
        } catch is OutputClosed {
          // The records matter more than who reads their offsets.
          hasReader = false
        }
      }
      for (place, acknowledgement) in acknowledgements.enumerated() {
        // Not gathered beyond a batch: an offset that is not printed when this process is killed is a record in doubt.
        if place > 0, !acknowledgement.isOfSameBatch(as: acknowledgements[place - 1]) { try flush() }
        let offset: UInt64
        do {
          offset = try await acknowledgement.offset
        } catch {
          try flush()
          throw error
        }
        progress.acknowledged(records: 1)
        if hasReader { lines += self.format.line(offset: offset) }
      }
      try flush()
    }
  }

  private func makeInput() throws -> RecordInput {
    guard self.readsInput else { return .values(self.values) }
    let file = try InputFile(path: self.file)
    return self.whole ? .whole(file, limit: self.maxRecordBytes) : .lines(of: file, limit: self.maxRecordBytes)
  }
}
