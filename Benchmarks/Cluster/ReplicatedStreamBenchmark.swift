/// Durable appends to three nodes out of one stream: a record a message, and batches. The peer is JetStream with three
/// replicas, whose publisher does not wait either: with its defaults, which do not sync, and with every write synced.
struct ReplicatedStreamBenchmark: Benchmark {
  static let name = "replicated-stream"
  /// Records without an answer. JetStream is at its best with few of them on a busy machine, and with more on an idle
  /// one.
  private static let windows = [256, 1024, 4096]
  private static let recordsPerBatch = 100
  /// 2.5 MiB, of the 4 MiB for which a stream of `logd` is read on.
  private static let batchWindow = 20_000
  private static let batchTarget = 500_000.0

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let ours = try await ServerCluster.logd(environment)
    let peers = (
      try await ServerCluster.nats(environment), try await ServerCluster.nats(environment, syncsAlways: true)
    )
    var measurements: [Measurement] = []
    var best: (ours: [Double], peer: [Double]) = ([0], [0])
    for window in Self.windows {
      let turns = try await environment.grpcGo.load(
        [ours.target(kind: "produce-stream"), peers.0.target(kind: "jetstream"), peers.1.target(kind: "jetstream")],
        Load(recordsInFlight: window))
      if median(best.ours) < median(turns[0].rates) { best.ours = turns[0].rates }
      if median(best.peer) < median(turns[1].rates) { best.peer = turns[1].rates }
      let name = "one record a message, \(ResultTable.text(Double(window))) in flight"
      measurements += [
        Measurement(
          name, ours: turns[0].rates, peer: "JetStream", values: turns[1].rates, unit: "records/s", goal: .none),
        .processorTime(turns[0], peer: "JetStream", turns[1]),
        Measurement(
          "  and where it syncs", ours: turns[0].rates, peer: "JetStream", values: turns[2].rates, unit: "records/s",
          goal: .none),
        .processorTime(turns[0], peer: "JetStream", turns[2]),
      ]
    }
    measurements.append(
      Measurement(
        "one record a message, each at its best", ours: best.ours, peer: "JetStream", values: best.peer,
        unit: "records/s", goal: .ratioAtLeast(1)))
    return try await measurements + batches(ours, environment.grpcGo)
  }

  private func batches(_ ours: ServerCluster, _ grpcGo: GRPCGo) async throws -> [Measurement] {
    let turns = try await grpcGo.load(
      [ours.target(kind: "produce-stream")],
      Load(recordsPerMessage: Self.recordsPerBatch, recordsInFlight: Self.batchWindow))
    return [
      Measurement(
        "batches of \(Self.recordsPerBatch) records", ours: median(turns[0].rates), unit: "records/s",
        goal: .atLeast(Self.batchTarget)),
      .processorTime(turns[0]),
    ]
  }
}
