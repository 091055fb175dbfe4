import Glibc
import Simulation
import Synchronization

/// Many seeds on several threads, until the last one or the first failure.
final class LogCampaign: Sendable {
  private struct Progress {
    var next: UInt64
    var statistics = SimulationStatistics()
    var failure: SimulationFailure?
    var reported: ContinuousClock.Instant
  }

  private static let reportInterval = Duration.seconds(5)

  private let last: UInt64?
  private let start = ContinuousClock.now
  private let progress: Mutex<Progress>

  init(first: UInt64, seeds: UInt64?) {
    last = seeds.map { first + $0 }
    progress = Mutex(Progress(next: first, reported: start))
  }

  var failure: SimulationFailure? { progress.withLock { $0.failure } }

  var report: String {
    let statistics = progress.withLock { $0.statistics }
    return statistics.report + "in \(start.duration(to: .now).formatted)"
  }

  func run(threads: Int) async {
    await withTaskGroup { group in
      for _ in 0..<threads {
        group.addTask { @concurrent in self.runSeeds() }
      }
    }
  }

  private func runSeeds() {
    while let seed = nextSeed() {
      do throws(SimulationFailure) {
        add(try LogSimulation.run(seed: seed))
      } catch {
        progress.withLock { $0.failure = $0.failure ?? error }
      }
    }
  }

  private func nextSeed() -> UInt64? {
    progress.withLock { progress in
      guard progress.failure == nil, last.map({ progress.next < $0 }) ?? true else { return nil }
      defer { progress.next += 1 }
      return progress.next
    }
  }

  private func add(_ statistics: SimulationStatistics) {
    let line: String? = progress.withLock { progress in
      progress.statistics += statistics
      let now = ContinuousClock.now
      guard progress.reported.duration(to: now) > Self.reportInterval else { return nil }
      progress.reported = now
      let total = progress.statistics
      let rate = Double(total.seeds) / (start.duration(to: now) / .seconds(1))
      return
        "\(total.seeds) seeds (\(Int(rate)) a second), \(total.steps) storage operations, \(total.crashes) losses of "
        + "power, \(total.reopenings) reopenings"
    }
    guard let line else { return }
    print(line)
    // Into a file or a pipe too while it runs.
    fflush(nil)
  }
}

extension Duration {
  fileprivate var formatted: String { "\(components.seconds) s" }
}
