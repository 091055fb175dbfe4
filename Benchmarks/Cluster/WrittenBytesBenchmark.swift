/// What a replica writes to its disk for each byte of 1 KiB records, in whole pages as the kernel counts them: a page
/// that is synced half full, and written again when it is full, counts twice.
struct WrittenBytesBenchmark: Benchmark {
  static let name = "replicated-bytes"
  private static let recordBytes = 1024
  private static let target = 1.1
  private static let callers = 64
  private static let recordsPerBatch = 100
  /// 1 and 3 MiB.
  private static let windows = (records: 1024, batches: 3000)

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let ours = try await ServerCluster.logd(environment)
    let etcd = try await ServerCluster.etcd(environment)
    let nats = try await ServerCluster.nats(environment)
    let calls = try await environment.grpcGo.load(
      [ours.target(kind: "produce"), etcd.target(kind: "put")],
      Load(callers: Self.callers, recordBytes: Self.recordBytes))
    let stream = try await environment.grpcGo.load(
      [ours.target(kind: "produce-stream"), nats.target(kind: "jetstream")],
      Load(recordBytes: Self.recordBytes, recordsInFlight: Self.windows.records))
    let batches = try await environment.grpcGo.load(
      [ours.target(kind: "produce-stream")],
      Load(
        recordBytes: Self.recordBytes, recordsPerMessage: Self.recordsPerBatch, recordsInFlight: Self.windows.batches))
    return [
      measurement("calls of 1 KiB, \(Self.callers) callers", calls[0], peer: ("etcd", calls[1]), goal: .none),
      measurement("messages of 1 KiB", stream[0], peer: ("JetStream", stream[1]), goal: .none),
      measurement("batches of \(Self.recordsPerBatch) × 1 KiB", batches[0], goal: .atMost(Self.target)),
    ]
  }

  private func measurement(
    _ name: String, _ ours: [Turn], peer: (name: String, turns: [Turn])? = nil, goal: Measurement.Goal
  ) -> Measurement {
    func written(_ turns: [Turn]) -> [Double] {
      turns.map { $0.bytesWritten(perByteOf: Self.recordBytes, replicas: ServerCluster.size) }
    }
    let name = "written by a replica: \(name)"
    let unit = "bytes a byte"
    guard let peer else { return Measurement(name, ours: median(written(ours)), unit: unit, goal: goal) }
    return Measurement(
      name, ours: written(ours), peer: peer.name, values: written(peer.turns), unit: unit, goal: goal)
  }
}
