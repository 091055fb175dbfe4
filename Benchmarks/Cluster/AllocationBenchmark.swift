import TestSupport

/// What a replicated record allocates, on the leader and on a follower. They are counted in the servers' processes, in
/// a run of its own: counting takes time.
struct AllocationBenchmark: Benchmark {
  static let name = "replicated-allocations"
  private static let recordsPerBatch = 100
  /// No record allocates in a batch; what a message and its batch take, divided by the records, is left.
  private static let batchTarget = 0.2

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let library = try await AllocationCounter.build()
    let counters = try (0..<ServerCluster.size).map {
      try AllocationCounter(library: library, file: "\(environment.directory)/allocations-\($0)")
    }
    let cluster = try await ServerCluster.logd(environment) { counters[$0].variables }
    let leader = try await cluster.leader(environment.grpcGo)
    let follower = (leader + 1) % ServerCluster.size
    var measurements: [Measurement] = []
    for batch in [1, Self.recordsPerBatch] {
      let name = batch == 1 ? "allocations, one record a message" : "allocations, batches of \(batch)"
      let goal = batch == 1 ? Measurement.Goal.none : .atMost(Self.batchTarget)
      let load = Load(recordsPerMessage: batch, recordsInFlight: batch == 1 ? 1024 : 20_000, warmUpRounds: 0)
      let before = try (counters[leader].count(), counters[follower].count())
      let turns = try await environment.grpcGo.load([cluster.target(kind: "produce-stream")], load)
      let records = turns[0].reduce(0) { $0 + $1.records }
      measurements += [
        Measurement(
          "\(name): leader", ours: try (counters[leader].count() - before.0) / records, unit: "a record", goal: goal),
        Measurement(
          "\(name): follower", ours: try (counters[follower].count() - before.1) / records, unit: "a record",
          goal: goal),
      ]
    }
    return measurements
  }
}
