import CommitLog
import NIOCore

/// Durable appends of 64 KiB: the log's against a bare loop of pwritev and fdatasync into a preallocated file, which
/// nothing that keeps its word can beat.
struct AppendBenchmark: Benchmark {
  static let name = "append"
  private static let payloadBytes = 64 << 10
  private static let rounds = 10
  private static let appendsPerRound = 200
  private static let target = 0.8

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let log = try Log(directory: "\(environment.directory)/log")
    let loop = try BareLoop(
      path: "\(environment.directory)/loop", bytes: Self.rounds * Self.appendsPerRound * Self.payloadBytes)
    let value = ByteBuffer(repeating: 7, count: Self.payloadBytes)
    var rates: (log: [Double], loop: [Double]) = ([], [])
    for _ in 0..<Self.rounds {
      rates.loop.append(try Self.rate { try loop.append(value) })
      // Building a batch is its producer's.
      var batches = (0..<Self.appendsPerRound).map { _ in Self.batch(of: value) }
      rates.log.append(try Self.rate { try append(batches.removeLast(), to: log) })
    }
    try log.close()
    return [
      Measurement(
        "append of 64 KiB + fdatasync", ours: rates.log, peer: "bare loop", values: rates.loop, unit: "appends/s",
        goal: .ratioAtLeast(Self.target))
    ]
  }

  /// Appends a second.
  private static func rate(_ append: () throws -> Void) throws -> Double {
    let time = try ContinuousClock().measure {
      for _ in 0..<appendsPerRound { try append() }
    }
    return Double(appendsPerRound) / (time / .seconds(1))
  }

  private static func batch(of value: ByteBuffer) -> RecordBatch {
    var batch = RecordBatch.Builder(capacity: value.readableBytes)
    batch.append(value, timestamp: .now)
    return batch.finish()
  }

  private func append(_ batch: RecordBatch, to log: Log) throws {
    let end = log.acceptedEnd
    try log.append([batch.stamped(index: end.nextIndex, term: Term(1), baseOffset: end.nextOffset, appendTime: .now)])
    try log.flush()
  }
}
