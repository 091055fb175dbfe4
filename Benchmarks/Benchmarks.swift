import FoundationEssentials
import Glibc
import TestSupport

/// Runs the benchmarks, or those of the names that are given, and prints a table at the end. Figures are of this
/// machine at this moment; the ratios are what can be compared.
@main
enum Benchmarks {
  static let all: [any Benchmark.Type] = [
    AppendBenchmark.self, RecordBenchmark.self, ReadBenchmark.self, OpenBenchmark.self, UnaryEchoBenchmark.self,
    StreamEchoBenchmark.self, ProduceBenchmark.self, MemoryBenchmark.self, ReplicatedUnaryBenchmark.self,
    ReplicatedStreamBenchmark.self, WrittenBytesBenchmark.self, AllocationBenchmark.self, LaggingFollowerBenchmark.self,
    AuthorizationBenchmark.self, SecureBenchmark.self, IdleClusterBenchmark.self,
  ]

  static func main() async throws {
    let names = CommandLine.arguments.dropFirst()
    if let unknown = names.first(where: { name in !all.contains { $0.name == name } }) {
      print("there is no benchmark \(unknown); there are: \(all.map { $0.name }.joined(separator: " "))")
      exit(64)
    }
    do {
      try await untilInterrupted { try await run { names.isEmpty || names.contains($0) } }
    } catch let interruption as Interrupted {
      print(interruption)
      exit(interruption.status)
    } catch {
      print(error)
      exit(1)
    }
  }

  /// Leaves nothing behind, whether it comes to its end or not: what a benchmark started ends with the benchmark's
  /// values.
  private static func run(isChosen: (String) -> Bool) async throws {
    let directory = ".build/bench-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }

    let grpcGo = try await GRPCGo.build()
    var table = ResultTable()
    // What was measured before something failed is worth having, too.
    defer {
      print("\n\(table.lines.joined(separator: "\n"))\n")
      if !table.isMet { print("Not every target was met.") }
    }
    for benchmark in all where isChosen(benchmark.name) {
      print("\(benchmark.name) …")
      fflush(nil)
      let own = "\(directory)/\(benchmark.name)"
      try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: false)
      table.measurements += try await benchmark.init().run(BenchmarkEnvironment(directory: own, grpcGo: grpcGo))
      // Gigabytes, from some.
      try FileManager.default.removeItem(atPath: own)
    }
  }
}
