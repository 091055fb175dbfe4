import TestSupport

/// What a replicated record allocates, on the leader and on a follower. They are counted in the servers' processes, in
/// a run of its own: counting takes time.
///
/// A message and its batch take some allocations, however many records are in it. What a record costs beside them is told
/// by batches of two sizes.
struct AllocationBenchmark: Benchmark {
  static let name = "replicated-allocations"
  private static let batchSizes = (small: 100, large: 1000)
  /// None; but a batch that arrives in more reads has more buffers.
  private static let recordTarget = 0.02

  /// Of one record.
  private struct Counts {
    var leader: Double
    var follower: Double
  }

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let library = try await AllocationCounter.build()
    let counters = try (0..<ServerCluster.size).map {
      try AllocationCounter(library: library, file: "\(environment.directory)/allocations-\($0)")
    }
    let cluster = try await ServerCluster.logd(environment) { counters[$0].variables }
    let leader = try await cluster.leader(environment.grpcGo)
    let follower = (leader + 1) % ServerCluster.size
    func count(batch: Int) async throws -> Counts {
      let load = Load(recordsPerMessage: batch, recordsInFlight: batch == 1 ? 1024 : 20_000, warmUpRounds: 0)
      let before = try (counters[leader].count(), counters[follower].count())
      let turns = try await environment.grpcGo.load([cluster.target(kind: "produce-stream")], load)
      let records = turns[0].reduce(0) { $0 + $1.records }
      return try Counts(
        leader: (counters[leader].count() - before.0) / records,
        follower: (counters[follower].count() - before.1) / records)
    }
    let sizes = Self.batchSizes
    let (single, small, large) = try await (count(batch: 1), count(batch: sizes.small), count(batch: sizes.large))
    return [("leader", \Counts.leader), ("follower", \Counts.follower)].flatMap { name, node in
      let perBatch = (Double(sizes.small) * small[keyPath: node], Double(sizes.large) * large[keyPath: node])
      let perRecord = (perBatch.1 - perBatch.0) / Double(sizes.large - sizes.small)
      return [
        Measurement("allocations, one record a message: \(name)", ours: single[keyPath: node], unit: "a record"),
        Measurement("allocations, batches of \(sizes.small): \(name)", ours: perBatch.0, unit: "a batch"),
        Measurement("allocations, batches of \(sizes.large): \(name)", ours: perBatch.1, unit: "a batch"),
        Measurement(
          "  of these for a record: \(name)", ours: max(0, perRecord), unit: "a record",
          goal: .atMost(Self.recordTarget)),
      ]
    }
  }
}
