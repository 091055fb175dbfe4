import FoundationEssentials
import Glibc
import TestSupport

/// Runs the benchmarks, or those of the names that are given, and prints a table at the end. Figures are of this machine
/// at this moment; the ratios are what can be compared.
@main
enum Benchmarks {
  static let all: [any Benchmark.Type] = [
    AppendBenchmark.self, RecordBenchmark.self, ReadBenchmark.self, OpenBenchmark.self, UnaryEchoBenchmark.self,
    StreamEchoBenchmark.self, ProduceBenchmark.self,
    MemoryBenchmark.self,
  ]

  static func main() async throws {
    let names = CommandLine.arguments.dropFirst()
    if let unknown = names.first(where: { name in !all.contains { $0.name == name } }) {
      print("there is no benchmark \(unknown); there are: \(all.map { $0.name }.joined(separator: " "))")
      exit(64)
    }
    let directory = ".build/bench-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }

    let grpcGo = try await GRPCGo.build()
    var table = ResultTable()
    for benchmark in all where names.isEmpty || names.contains(benchmark.name) {
      print("\(benchmark.name) …")
      fflush(nil)
      let own = "\(directory)/\(benchmark.name)"
      try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: false)
      table.measurements += try await benchmark.init().run(BenchmarkEnvironment(directory: own, grpcGo: grpcGo))
    }
    print("\n\(table.lines.joined(separator: "\n"))\n")
    if !table.isMet { print("Not every target was met.") }
  }
}
