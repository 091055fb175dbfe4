/// What a leader holds in memory while a follower is down for a million records, and how long the follower then takes
/// to have them. The peer is JetStream; etcd would take minutes for so many records.
struct LaggingFollowerBenchmark: Benchmark {
  static let name = "replicated-lag"
  private static let recordsOfHalf = 500_000
  /// What the second half may add to the leader's memory. A leader that kept what the follower lacks would add 64 MB of
  /// values alone; what is left is the allocator's.
  private static let target = 16.0

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let ours = try await lag(of: ServerCluster.logd(environment), kind: "produce-stream", environment.grpcGo)
    let nats = try await lag(of: ServerCluster.nats(environment), kind: "jetstream", environment.grpcGo)
    func measurement(
      _ name: String, _ value: KeyPath<Lag, Double>, unit: String, goal: Measurement.Goal = .none
    ) -> Measurement {
      Measurement(
        name, ours: [ours[keyPath: value]], peer: "JetStream", values: [nats[keyPath: value]], unit: unit, goal: goal)
    }
    return [
      measurement("the leader's memory before", \.before, unit: "MiB"),
      measurement("its peak, a follower down for 500,000 records", \.half, unit: "MiB"),
      measurement("its peak, down for 1,000,000", \.whole, unit: "MiB"),
      measurement("what the second half added", \.added, unit: "MiB", goal: .atMost(Self.target)),
      measurement("until the follower has them, from its start", \.catchingUp, unit: "s"),
    ]
  }

  /// Memory in MiB, times in seconds.
  private struct Lag {
    var before = 0.0
    var half = 0.0
    var whole = 0.0
    var added: Double { whole - half }
    var catchingUp = 0.0
  }

  private func lag(of cluster: ServerCluster, kind: String, _ grpcGo: GRPCGo) async throws -> Lag {
    // Nodes that have worked: what their allocators keep anyway is no growth.
    _ = try await grpcGo.load([cluster.target(kind: kind)], Load(rounds: 1))
    let follower = (try await cluster.leader(grpcGo) + 1) % ServerCluster.size
    // Either of the two that stay may lead before it is over.
    let memories = cluster.processes.indices.filter { $0 != follower }.map {
      ProcessMemory(process: cluster.processes[$0])
    }
    var lag = Lag()
    lag.before = try memories.map { try $0.resident() }.max() ?? 0
    for memory in memories { try memory.forgetPeak() }
    try await cluster.crash(follower)
    lag.half = try await peak(of: memories, cluster.target(kind: kind), grpcGo)
    lag.whole = try await peak(of: memories, cluster.target(kind: kind), grpcGo)
    let records = try await cluster.records(of: cluster.leader(grpcGo), grpcGo)
    let start = ContinuousClock.now
    try cluster.restart(follower)
    _ = try await cluster.records(of: follower, least: records, grpcGo)
    lag.catchingUp = (ContinuousClock.now - start) / .seconds(1)
    return lag
  }

  /// After half of the records.
  private func peak(of memories: [ProcessMemory], _ target: GRPCGo.Target, _ grpcGo: GRPCGo) async throws -> Double {
    _ = try await grpcGo.load(
      [target], Load(seconds: 300, records: Self.recordsOfHalf, rounds: 1, warmUpRounds: 0))
    return try memories.map { try $0.peak() }.max() ?? 0
  }
}
