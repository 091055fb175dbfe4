import Simulation
import TestSupport

/// Makes a failing seed smaller: without one group of faults, clients or late events after the other, as long as the same check
/// fails (Zeller and Hildebrandt's ddmin, 2002, in the simplest form).
struct Shrinking {
  private let failure: WorkerReport.Failure
  private var extent: ClusterExtent
  private var runs = 0
  private static let maximumRuns = 150

  init(_ failure: WorkerReport.Failure, extent: ClusterExtent) {
    self.failure = failure
    self.extent = extent
  }

  /// - Returns: what to show: the command, and the transcript of the smaller run.
  func run() async throws -> String {
    var shrinking = self
    try await shrinking.shrink()
    let command =
      "simulate cluster --seed \(failure.seed) " + shrinking.extent.arguments.map(\.quoted).joined(separator: " ")
    guard failure.check != nil else { return "replay with: \(command)\n(a debug build says which invariant it is)" }
    let transcript = Transcript()
    do throws(ClusterFailure) {
      _ = try ClusterSimulation.run(
        shrinking.extent.plan(seed: failure.seed), planting: shrinking.extent.bugs, transcript: transcript)
      return "it does not happen again; replay with: \(command)"
    } catch {
      return transcript.lines.joined(separator: "\n") + "\nFAILED: \(error)\nreplay with: \(command)"
    }
  }

  private mutating func shrink() async throws {
    if let events = failure.events { try await attempt { $0.stopAfter = events } }
    let plan = extent.plan(seed: failure.seed)
    var faults = plan.faults.map(\.number)
    var size = max(1, faults.count / 2)
    while runs < Self.maximumRuns {
      var position = 0
      while position < faults.count, runs < Self.maximumRuns {
        var fewer = faults
        fewer.removeSubrange(position..<min(position + size, faults.count))
        let text = fewer.map(String.init).joined(separator: ",")
        if try await attempt({ $0.faults = text }) { faults = fewer } else { position += size }
      }
      if size == 1 { break }
      size = max(1, size / 2)
    }
    var clients = plan.clients.map(\.number)
    for client in clients where runs < Self.maximumRuns {
      let fewer = clients.filter { $0 != client }
      let text = fewer.map(String.init).joined(separator: ",")
      if try await attempt({ $0.clients = text }) { clients = fewer }
    }
  }

  /// - Returns: whether the smaller run fails in the same way; then it is kept.
  @discardableResult
  private mutating func attempt(_ change: (inout ClusterExtent) -> Void) async throws -> Bool {
    runs += 1
    var smaller = extent
    change(&smaller)
    let report = try await ClusterWorker.run(first: failure.seed, seeds: 1, smaller, goesOn: false)
    guard let found = report.failures.first, found.check == failure.check else { return false }
    extent = smaller
    if let events = found.events, events < extent.stopAfter ?? .max { extent.stopAfter = events }
    return true
  }
}

extension String {
  /// For a shell.
  fileprivate var quoted: String { isEmpty ? "''" : self }
}
