import Foundation
import TestSupport

/// The client in Go at work on a cluster.
struct ClusterLoad {
  struct Progress: Decodable {
    var event: String
    var records: Int
    var failedCalls: Int
    var failedByKind: [String: Int]?

    private enum CodingKeys: String, CodingKey {
      case event
      case records = "acknowledged_records"
      case failedCalls = "failed_calls"
      case failedByKind = "failed_calls_by_kind"
    }
  }

  /// A time without acknowledgements, in nanoseconds of CLOCK_MONOTONIC.
  private struct Gap: Decodable {
    var event: String
    var from: UInt64
    var to: UInt64

    private enum CodingKeys: String, CodingKey {
      case event
      case from = "from_ns"
      case to = "to_ns"
    }
  }

  let history: String
  let child: ChildProcess

  /// Idempotent producers, few enough for a debug build on a busy machine.
  static func produce(
    _ cluster: LogdCluster, history: String, place: ClientPlace, tls: TLSPaths? = nil
  ) async throws -> ClusterLoad {
    let child = try await place.start(
      [
        "produce", "--addrs", cluster.addresses, "--history", history, "--producers", "2", "--inflight", "3",
        "--batch-records", "5", "--call-timeout", "500ms", "--gap", "\(shortestGap)", "--progress-interval", "50ms",
      ] + (tls?.flags ?? []))
    return ClusterLoad(history: history, child: child)
  }

  /// Shorter times without acknowledgements are not told of.
  private static let shortestGap = "20ms"

  private func lines<Line: Decodable>(_ type: Line.Type) -> [Line] {
    child.output.split(separator: "\n").compactMap { try? JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
  }

  var progress: Progress? { lines(Progress.self).last }

  /// Waits until so many more records are acknowledged than there are now.
  func acknowledges(more count: Int) async throws {
    let wanted = (progress?.records ?? 0) + count
    try await eventually("\(wanted) records are acknowledged") { () -> Void? in
      if let progress, progress.records >= wanted { return () }
      guard child.isRunning else { throw NeverHappened(description: "the load ended: \(child.output)\(child.errors)") }
      return nil
    }
  }

  /// For how long nothing was acknowledged after a moment; nothing when it was too short to be told of. Call it when
  /// acknowledgements go on.
  func silence(after moment: UInt64) -> Duration {
    // What was on its way at that moment is still acknowledged.
    let latest = moment + 100_000_000
    let gap = lines(Gap.self).filter { $0.to > moment && $0.from < latest }.max { $0.to < $1.to }
    return .nanoseconds(Int64((gap?.to ?? moment) - moment))
  }

  /// Begins nothing more, and waits until all that was begun is acknowledged.
  func stop() async throws -> Progress {
    child.send(SIGTERM)
    let status = try await child.ended()
    guard let totals = progress, totals.event == "totals" else {
      throw NeverHappened(description: "the load ended with \(status): \(child.output)\(child.errors)")
    }
    return totals
  }
}

/// Where the client in Go runs.
enum ClientPlace {
  case loopback
  case network(NetworkNamespaces, host: Int)

  func start(_ arguments: [String]) async throws -> ChildProcess {
    let program = try await ClusterClient.program.path()
    switch self {
    case .loopback: return try ChildProcess(program, arguments)
    case .network(let network, let host): return try network.start(on: host, program, arguments)
    }
  }

  /// Runs a command to its end, which is to find that every promise was kept.
  func expectKept(_ arguments: [String], _ place: String) async throws {
    let child = try await start(arguments)
    let status = try await child.ended(within: .seconds(300))
    guard status == 0 else {
      throw NeverHappened(description: "\(place): \(arguments[0]) ended with \(status): \(child.output)\(child.errors)")
    }
  }
}

/// CLOCK_MONOTONIC, by which the client in Go tells times, in nanoseconds.
func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
