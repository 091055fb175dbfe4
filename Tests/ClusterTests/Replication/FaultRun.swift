import Foundation
import TestSupport

/// Rounds on one cluster: load, something goes wrong, and is mended; then all replicas are compared with what was
/// acknowledged.
final class FaultRun {
  /// How long nothing was acknowledged after the leader was lost, by what happened to it.
  typealias Silences = [String: [Duration]]

  private let cluster: LogdCluster
  private let place: ClientPlace
  private let directory: TemporaryDirectory
  private var histories: [String] = []
  private let tail: ChildProcess
  private(set) var silences: Silences = [:]
  private(set) var acknowledged = 0

  /// Records that are acknowledged before, during and after a fault, at least.
  private static let recordsOfPhase = 100

  init(_ cluster: LogdCluster, from place: ClientPlace) async throws {
    self.cluster = cluster
    self.place = place
    directory = try TemporaryDirectory()
    tail = try await place.start(["consume", "--addrs", cluster.addresses, "--seen", directory.file("seen")])
  }

  /// - Parameters:
  ///   - cause: does what is to go wrong, and returns how to mend it, and when the leader was lost, if it was.
  func round(_ name: String, _ cause: () async throws -> Fault) async throws {
    let history = directory.file("history-\(histories.count)")
    histories.append(history)
    let load = try await ClusterLoad.produce(cluster, history: history, place: place)
    try await load.acknowledges(more: Self.recordsOfPhase)
    let fault = try await cause()
    try await load.acknowledges(more: Self.recordsOfPhase)
    var line = "\(name): "
    if let lostAt = fault.leaderLostAt {
      let silence = load.silence(after: lostAt)
      silences[name, default: []].append(silence)
      line += "nothing acknowledged for \(silence.milliseconds) ms, "
    }
    try await fault.mend()
    try await load.acknowledges(more: Self.recordsOfPhase)
    let totals = try await load.stop()
    guard totals.failedCalls == 0 else {
      throw NeverHappened(description: "\(name): calls failed for good: \(totals.failedByKind ?? [:])")
    }
    acknowledged += totals.records
    try await verify(name)
    print(line + "\(totals.records) records acknowledged, on all replicas")
  }

  /// What consumers have seen all the time is what is there in the end.
  func end() async throws {
    tail.send(SIGTERM)
    guard try await tail.ended() == 0 else {
      throw NeverHappened(description: "a consumer saw what it should not: \(tail.output)\(tail.errors)")
    }
    try await verify("at the end", ["--seen", directory.file("seen")])
  }

  private func verify(_ name: String, _ more: [String] = []) async throws {
    try await place.expectKept(
      ["verify", "--addrs", cluster.addresses, "--timeout", "4m", "--history", histories.joined(separator: ",")] + more,
      name)
  }
}

/// Something that goes wrong.
struct Fault {
  /// When the leader was lost, by CLOCK_MONOTONIC; nil: it was not.
  var leaderLostAt: UInt64?
  var mend: () async throws -> Void
}

extension Duration {
  var milliseconds: Int { Int(self / .milliseconds(1)) }
}

extension [Duration] {
  /// The nearest rank: 0.99 of a hundred is the ninety-ninth.
  func percentile(_ share: Double) -> Duration {
    isEmpty ? .zero : sorted()[Swift.max(0, Int((Double(count) * share).rounded(.up)) - 1)]
  }

  var summary: String {
    "p50 \(percentile(0.5).milliseconds) ms, p90 \(percentile(0.9).milliseconds) ms, "
      + "p99 \(percentile(0.99).milliseconds) ms, most \(percentile(1).milliseconds) ms of \(count)"
  }
}
