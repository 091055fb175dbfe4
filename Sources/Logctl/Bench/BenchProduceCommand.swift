import ArgumentParser
import Glibc
import ProgLogClient

/// Appends records as fast as it can, or as it is told.
struct BenchProduceCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "produce",
    abstract: "Appends records and tells how fast, and how long each took to be durable.",
    discussion: """
      A record's latency is from when it is given to the producer to its acknowledgement. Without --rate the producers keep \
      their buffers full, so that latency is what the buffers hold; give a rate below the highest to measure the cluster.

      Examples:
        logctl bench produce --records 1000000
        logctl bench produce --duration 30 --rate 20000 --format json
      """)

  @OptionGroup var length: BenchLength

  @Option(help: ArgumentHelp("Of each record.", valueName: "bytes"))
  var valueBytes = 100

  @Option(help: ArgumentHelp("At the same time.", valueName: "count"))
  var producers = 1

  @Option(help: ArgumentHelp("Records a second, of all producers. Default: as many as go.", valueName: "count"))
  var rate: Double?

  @Option(help: ArgumentHelp("Of a batch.", valueName: "bytes"))
  var maxBatchBytes = 64 << 10

  @Option(help: ArgumentHelp("How long a batch waits for more records.", valueName: "milliseconds"))
  var linger = 0

  @Option(help: "text: for people; json: an object.")
  var format = BenchCommand.Format.text

  @OptionGroup var connection: ConnectionOptions

  func validate() throws {
    for (name, value) in [
      ("value-bytes", self.valueBytes), ("producers", self.producers), ("max-batch-bytes", self.maxBatchBytes),
    ] where value < 1 {
      throw ValidationError("--\(name) must be more than 0, not \(value)")
    }
    guard self.producers <= 1_000 else { throw ValidationError("--producers must be at most 1000") }
    guard (0...3_600_000).contains(self.linger) else { throw ValidationError("--linger must be from 0 to 3600000") }
    guard self.rate.map({ $0 > 0 }) ?? true else { throw ValidationError("--rate must be more than 0") }
  }

  func run() async throws {
    try await self.connection.withClient { client in
      _ = try await client.servers()
      let progress = ProduceProgress(isShown: Console.isTerminal(STDERR_FILENO))
      defer { progress.finish() }
      let start = ContinuousClock.now
      var result = BenchResult(latencies: LatencyHistogram())
      try await withThrowingTaskGroup(of: LatencyHistogram.self) { group in
        for number in 0..<self.producers {
          group.addTask { try await self.load(client, number, start, progress) }
        }
        for try await latencies in group { result.latencies?.add(latencies) }
      }
      result.elapsed = .now - start
      result.records = result.latencies?.count ?? 0
      result.bytes = result.records * self.valueBytes
      progress.finish()
      try BenchCommand.print(result, self.format)
    }
  }

  private typealias Sent = (acknowledgement: Acknowledgement, at: ContinuousClock.Instant)

  private func load(
    _ client: ProgLogClient, _ number: Int, _ start: ContinuousClock.Instant, _ progress: ProduceProgress
  ) async throws -> LatencyHistogram {
    var configuration = ProducerConfiguration()
    configuration.batchBytes = self.maxBatchBytes
    configuration.linger = .milliseconds(self.linger)
    configuration.bufferBytes = max(4 << 20, 8 * self.maxBatchBytes)
    configuration.deliveryTimeout = .seconds(self.connection.timeout)
    let producer = client.makeProducer(configuration)
    let sent = BoundedChannel<Sent>(limit: 64 << 20)
    async let latencies = Self.collect(sent, progress)
    let end = self.length.end(from: start)
    let value = [UInt8](repeating: UInt8(ascii: "x"), count: self.valueBytes)
    do {
      for count in 0..<self.length.share(of: number, among: self.producers) {
        if let rate {
          let due = start + .seconds(Double(count * self.producers + number) / rate)
          if due > .now { try await Task.sleep(until: due, clock: .continuous) }
        }
        let now = ContinuousClock.now
        if let end, now >= end { break }
        progress.sending(bytes: value.count)
        try await sent.send((try await producer.send(value), now), bytes: MemoryLayout<Sent>.size)
      }
      sent.finish(.success(()))
    } catch {
      sent.finish(.failure(error))
    }
    let result = try await latencies
    try await producer.close()
    return result
  }

  private static func collect(
    _ sent: BoundedChannel<Sent>, _ progress: ProduceProgress
  ) async throws -> LatencyHistogram {
    var latencies = LatencyHistogram()
    while let batch = try await sent.receive() {
      for (acknowledgement, at) in batch {
        _ = try await acknowledgement.offset
        latencies.record(.now - at)
        progress.acknowledged(records: 1)
      }
    }
    return latencies
  }
}
