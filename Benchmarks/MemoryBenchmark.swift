import Foundation
import TestSupport

/// What a node holds in memory: idle, with 10,000 idle connections, and once they have gone. A second time must take no
/// more than the first.
struct MemoryBenchmark: Benchmark {
  static let name = "memory"
  private static let connections = 10_000
  private static let idleTarget = 60.0
  /// A memory page is 4 KiB; a connection is some objects of NIO's and the kernel's buffers, which do not count here.
  private static let connectionTarget = 32.0

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let logd = try await LogdProcess(dataDirectory: "\(environment.directory)/logd")
    let memory = ProcessMemory(process: logd.child)
    let idle = try memory.resident()
    var held: [Double] = []
    for _ in 0..<2 {
      let clients = try await environment.grpcGo.idleConnections(Self.connections, to: logd.rpcAddress)
      held.append(try memory.resident())
      clients.send(SIGTERM)
      try await clients.ended()
      try await eventually("logd has closed its connections") {
        try descriptors(logd) < Self.connections / 2 ? true : nil
      }
    }
    let after = try memory.resident()
    return [
      Measurement("idle logd", ours: idle, unit: "MiB", goal: .atMost(Self.idleTarget)),
      Measurement("logd with 10,000 idle connections", ours: held[0], unit: "MiB"),
      Measurement(
        "an idle connection", ours: (held[0] - idle) * 1024 / Double(Self.connections), unit: "KiB",
        goal: .atMost(Self.connectionTarget)),
      Measurement("logd with 10,000 others after them", ours: held[1], unit: "MiB"),
      Measurement("logd when they have gone", ours: after, unit: "MiB"),
    ]
  }

  private func descriptors(_ process: LogdProcess) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.child.identifier)/fd").count
  }
}
