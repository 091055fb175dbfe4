/// Durable appends to three nodes, each record in a call of its own and on the disks of two before it is answered. The
/// peer is etcd: a `Put` of a key for each record.
struct ReplicatedUnaryBenchmark: Benchmark {
  static let name = "replicated-unary"
  private static let targets = [(callers: 1, ratio: 1.5), (64, 1.5), (256, 1.25)]

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let ours = try await ServerCluster.logd(environment)
    let etcd = try await ServerCluster.etcd(environment)
    var measurements: [Measurement] = []
    for (callers, ratio) in Self.targets {
      let turns = try await environment.grpcGo.load(
        [ours.target(kind: "produce"), etcd.target(kind: "put")], Load(callers: callers))
      measurements += [
        Measurement(
          "replicated Produce, \(callers) caller\(callers == 1 ? "" : "s")", ours: turns[0].rates, peer: "etcd",
          values: turns[1].rates, unit: "calls/s", goal: .ratioAtLeast(ratio)),
        .processorTime(turns[0], peer: "etcd", turns[1]),
      ]
    }
    return measurements
  }
}
