import TestSupport

/// What a replicated record allocates, on the leader and on a follower. They are counted in the servers' processes, in
/// a run of its own: counting takes time.
///
/// A message and its batch take some allocations, and each of the frames of 16 KiB in which HTTP/2 brings it. What a record costs
/// beside them is told by batches of as many bytes with more records in them.
struct AllocationBenchmark: Benchmark {
  static let name = "replicated-allocations"
  private static let batches = (few: (records: 100, bytes: 1280), many: (records: 1000, bytes: 128))
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
    func count(records: Int, bytes: Int) async throws -> Counts {
      let load = Load(
        recordBytes: bytes, recordsPerMessage: records, recordsInFlight: records == 1 ? 1024 : 20 * records,
        warmUpRounds: 0)
      let before = try (counters[leader].count(), counters[follower].count())
      let turns = try await environment.grpcGo.load([cluster.target(kind: "produce-stream")], load)
      let records = turns[0].reduce(0) { $0 + $1.records }
      return try Counts(
        leader: (counters[leader].count() - before.0) / records,
        follower: (counters[follower].count() - before.1) / records)
    }
    let single = try await count(records: 1, bytes: 128)
    let (few, many) = (Self.batches.few, Self.batches.many)
    let ofFew = try await count(records: few.records, bytes: few.bytes)
    let ofMany = try await count(records: many.records, bytes: many.bytes)
    return [("leader", \Counts.leader), ("follower", \Counts.follower)].flatMap { name, node in
      let perBatch = (
        few: Double(few.records) * ofFew[keyPath: node], many: Double(many.records) * ofMany[keyPath: node]
      )
      let perRecord = (perBatch.many - perBatch.few) / Double(many.records - few.records)
      return [
        Measurement("allocations, one record a message: \(name)", ours: single[keyPath: node], unit: "a record"),
        Measurement(
          "allocations, batches of \(few.records) × \(few.bytes) bytes: \(name)", ours: perBatch.few, unit: "a batch"),
        Measurement(
          "allocations, batches of \(many.records) × \(many.bytes) bytes: \(name)", ours: perBatch.many, unit: "a batch"
        ),
        Measurement(
          "  of these for a record: \(name)", ours: max(0, perRecord), unit: "a record",
          goal: .atMost(Self.recordTarget)),
      ]
    }
  }
}
