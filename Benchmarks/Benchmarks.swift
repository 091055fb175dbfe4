import FoundationEssentials

/// Runs every benchmark in a directory of its own and prints ours, the peer's and the ratio. Figures are of this machine
/// at this moment; the ratio is what can be compared.
@main
enum Benchmarks {
  static func main() throws {
    // On the disk of the working directory: /tmp is memory on many machines, and syncs to memory cost nothing.
    let directory = ".build/bench-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }

    print(
      "appends of 64 KiB, each with fdatasync (\(AppendBenchmark.rounds) rounds of \(AppendBenchmark.appendsPerRound))")
    let (log, loop) = try AppendBenchmark(directory: directory).run()
    print("  CommitLog                 \(Int(log)) a second")
    print("  bare pwritev + fdatasync  \(Int(loop)) a second")
    print("  ratio                     \(Double(Int(100 * log / loop)) / 100)")
  }
}
