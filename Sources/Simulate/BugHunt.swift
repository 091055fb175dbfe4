import Raft
import Simulation
import Synchronization

/// One bug, planted in the core of every node of many seeds.
final class BugHunt: Sendable {
  private struct Finding {
    var next: UInt64
    var seeds: [UInt64] = []
    /// How often each check found it; nil: the core's own invariants, which ended the process.
    var checks: [String: Int] = [:]
  }

  static let usualSeeds: UInt64 = 200
  private static let seedsOfOne: UInt64 = 20

  private let bug: PlantedBug
  private let first: UInt64
  private let last: UInt64
  private let extent: ClusterExtent
  private let finding: Mutex<Finding>

  init(_ bug: PlantedBug, first: UInt64, seeds: UInt64, extent: ClusterExtent) {
    self.bug = bug
    self.first = first
    last = first + seeds
    var extent = extent
    extent.bug = bug.rawValue
    self.extent = extent
    finding = Mutex(Finding(next: first))
  }

  var isFound: Bool { finding.withLock { !$0.seeds.isEmpty } }

  var report: String {
    let finding = finding.withLock { $0 }
    guard let earliest = finding.seeds.min() else { return "\(bug.rawValue): NOT FOUND in \(last - first) seeds" }
    let checks = finding.checks.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
    return "\(bug.rawValue): found after \(earliest - first + 1) seeds, by \(finding.seeds.count) of \(last - first): "
      + checks.joined(separator: ", ")
  }

  func run(processes: Int) async throws {
    try await withThrowingTaskGroup { group in
      for _ in 0..<processes {
        group.addTask { @concurrent in
          while let seeds = self.nextSeeds() { try await self.run(seeds) }
        }
      }
      try await group.waitForAll()
    }
  }

  private func nextSeeds() -> Range<UInt64>? {
    finding.withLock { finding in
      guard finding.next < last else { return nil }
      let end = min(last, finding.next + Self.seedsOfOne)
      defer { finding.next = end }
      return finding.next..<end
    }
  }

  private func run(_ seeds: Range<UInt64>) async throws {
    var first = seeds.lowerBound
    while first < seeds.upperBound {
      let report = try await ClusterWorker.run(
        first: first, seeds: seeds.upperBound - first, extent, goesOn: true)
      finding.withLock { finding in
        for failure in report.failures {
          finding.seeds.append(failure.seed)
          finding.checks[failure.check?.rawValue ?? "the core's own invariants", default: 0] += 1
        }
      }
      first = report.next ?? seeds.upperBound
    }
  }
}
