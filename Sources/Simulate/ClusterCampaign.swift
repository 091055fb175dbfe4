import Glibc
import Synchronization

/// Many seeds in several processes, until the last one or the first failure.
final class ClusterCampaign: Sendable {
  private struct Progress {
    var next: UInt64
    var tally = ClusterTally()
    var failure: WorkerReport.Failure?
    var reported: ContinuousClock.Instant
  }

  /// Of one process: some seconds.
  private static let seedsOfOne: UInt64 = 250
  private static let reportInterval = Duration.seconds(10)

  private let last: UInt64?
  private let extent: ClusterExtent
  private let start = ContinuousClock.now
  private let progress: Mutex<Progress>

  init(first: UInt64, seeds: UInt64?, extent: ClusterExtent) {
    last = seeds.map { first + $0 }
    self.extent = extent
    progress = Mutex(Progress(next: first, reported: start))
  }

  var failure: WorkerReport.Failure? { progress.withLock { $0.failure } }

  var report: String {
    let tally = progress.withLock { $0.tally }
    let seconds = start.duration(to: .now) / .seconds(1)
    return tally.report + "\nin \(Int(seconds)) s: \(Int(Double(tally.seeds) / seconds)) seeds a second"
  }

  func run(processes: Int) async throws {
    try await withThrowingTaskGroup { group in
      for _ in 0..<processes {
        group.addTask { @concurrent in
          while let (first, seeds) = self.nextSeeds() {
            self.add(try await ClusterWorker.run(first: first, seeds: seeds, self.extent, goesOn: false))
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private func nextSeeds() -> (first: UInt64, seeds: UInt64)? {
    progress.withLock { progress in
      guard progress.failure == nil, last.map({ progress.next < $0 }) ?? true else { return nil }
      let seeds = min(Self.seedsOfOne, last.map { $0 - progress.next } ?? Self.seedsOfOne)
      defer { progress.next += seeds }
      return (progress.next, seeds)
    }
  }

  private func add(_ report: WorkerReport) {
    let line: String? = progress.withLock { progress in
      progress.tally += report.tally
      progress.failure = progress.failure ?? report.failures.first
      let now = ContinuousClock.now
      guard progress.reported.duration(to: now) > Self.reportInterval else { return nil }
      progress.reported = now
      let rate = Double(progress.tally.seeds) / (start.duration(to: now) / .seconds(1))
      return "\(progress.tally.seeds) seeds (\(Int(rate)) a second), \(progress.tally.events) events"
    }
    guard let line else { return }
    print(line)
    // Into a file or a pipe too while it runs.
    fflush(nil)
  }
}
