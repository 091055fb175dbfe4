import Authorization
import FoundationEssentials

/// What it costs to ask the policy: with 300 lines, by each kind of matcher, and through the holder that can be
/// reloaded.
struct AuthorizationBenchmark: Benchmark {
  static let name = "acl"
  private static let rounds = 5
  /// Nanoseconds: an answer to a produce call takes 15 µs of the server's time at best.
  private static let target = 1000.0

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    try CheckLoad.all.flatMap { try measure($0, in: environment.directory) }
  }

  private func measure(_ load: CheckLoad, in directory: String) throws -> [Measurement] {
    let files = PolicyFiles(modelPath: "\(directory)/model.conf", policyPath: "\(directory)/policy.csv")
    try Data(load.model.utf8).write(to: URL(filePath: files.modelPath))
    try Data(load.policy.utf8).write(to: URL(filePath: files.policyPath))
    let policy = try ReloadablePolicy(files)
    let times = (0..<Self.rounds).map { _ in CheckTimes.measure(load) { policy.current } }
    // Without an index the time grows with the lines, and that is how it is meant.
    let isIndexed = load.name != CheckLoad.scan.name
    return [
      Measurement(
        "ACL check \(load.name)", ours: median(times.map(\.nanoseconds)), unit: "ns of CPU",
        goal: isIndexed ? .atMost(Self.target) : .none),
      Measurement(
        "the same", ours: median(times.map(\.allocations)), unit: "allocations", goal: .atMost(0)),
    ]
  }
}
