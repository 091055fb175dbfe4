import Simulation
import TestSupport

/// What a worker process found.
struct WorkerReport: Sendable {
  struct Failure: Sendable {
    var seed: UInt64
    /// nil when the process ended in it.
    var check: ClusterCheck?
    var events: Int?
    var text: String
  }

  var failures: [Failure] = []
  var tally = ClusterTally()
  /// Where the next worker goes on when this one ended before its time.
  var next: UInt64?
}

enum ClusterWorker {
  /// Of one process: some minutes in a debug build.
  private static let timeLimit = Duration.seconds(1200)

  static func run(first: UInt64, seeds: UInt64, _ extent: ClusterExtent, goesOn: Bool) async throws -> WorkerReport {
    let arguments =
      ["cluster-worker", "--first", "\(first)", "--seeds", "\(seeds)"] + extent.arguments
      + (goesOn ? ["--goes-on"] : [])
    let (status, output, errors) = try await TestSupport.run(
      "/proc/self/exe", arguments, environment: ["SWIFT_BACKTRACE": "enable=no"], within: timeLimit)
    var report = WorkerReport()
    var begun: UInt64?
    for line in output.split(separator: "\n") {
      let fields = line.split(separator: " ", maxSplits: 3)
      if let tally = ClusterTally(line: line) {
        report.tally = tally
      } else if fields.count == 2, fields[0] == "begin" {
        begun = UInt64(fields[1])
      } else if fields.count == 4, fields[0] == "failed", let seed = UInt64(fields[1]) {
        let parts = fields[3].split(separator: "|", maxSplits: 1)
        report.failures.append(
          .init(
            seed: seed, check: parts.first.flatMap { ClusterCheck(rawValue: String($0)) }, events: Int(fields[2]),
            text: parts.last.map(String.init) ?? ""))
      }
    }
    if status != 0, let begun {
      let reason =
        errors.split(separator: "\n").first { $0.contains("Fatal error") } ?? "the process ended with \(status)"
      report.failures.append(.init(seed: begun, check: nil, events: nil, text: "seed \(begun): \(reason)"))
      report.next = begun + 1
    }
    return report
  }
}
