import ArgumentParser
import Glibc
import ProgLogClient

/// Reads records as fast as it can.
struct BenchConsumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "consume",
    abstract: "Reads records and tells how fast.",
    discussion: """
      Each consumer reads the log from --from on, to its end at most, and they spread over the followers. --records is for \
      all of them.

      Examples:
        logctl bench consume --records 1000000
        logctl bench consume --consumers 4 --from 1000000 --format json
      """)

  @OptionGroup var length: BenchLength

  @Option(help: ArgumentHelp("At the same time.", valueName: "count"))
  var consumers = 1

  @Option(
    help: ArgumentHelp("The first record: an offset or earliest.", valueName: "position"),
    transform: ConsumePosition.init(argument:))
  var from = ConsumePosition.earliest

  @Option(help: "text: for people; json: an object.")
  var format = BenchCommand.Format.text

  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    guard (1...1_000).contains(self.consumers) else { throw ValidationError("--consumers must be from 1 to 1000") }
  }

  func run() async throws {
    try await self.connection.withClient { client in
      let progress = ProduceProgress(isShown: Console.isTerminal(STDERR_FILENO))
      defer { progress.finish() }
      let start = ContinuousClock.now
      var result = BenchResult()
      try await withThrowingTaskGroup(of: (records: Int, bytes: Int).self) { group in
        for number in 0..<self.consumers {
          group.addTask { try await self.load(client, number, start, progress) }
        }
        for try await (records, bytes) in group {
          result.records += records
          result.bytes += bytes
        }
      }
      result.elapsed = .now - start
      progress.finish()
      try BenchCommand.print(result, self.format)
    }
  }

  private func load(
    _ client: ProgLogClient, _ number: Int, _ start: ContinuousClock.Instant, _ progress: ProduceProgress
  ) async throws -> (records: Int, bytes: Int) {
    let share = self.length.share(of: number, among: self.consumers)
    let end = self.length.end(from: start)
    var (records, bytes) = (0, 0)
    for try await batch in client.consume(from: self.from, limit: UInt64(share)).batches {
      let size = batch.reduce(0) { $0 + $1.value.count }
      records += batch.count
      bytes += size
      progress.sending(bytes: size)
      progress.acknowledged(records: batch.count)
      if let end, .now >= end { break }
    }
    return (records, bytes)
  }
}
