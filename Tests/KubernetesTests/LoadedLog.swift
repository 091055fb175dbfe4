import Foundation
import TestSupport
import Testing

/// A ProgLog under load from outside the cluster: idempotent producers and consumers of every replica, which share no
/// code with the servers, reach them through their load balancers and believe its own authority only.
struct LoadedLog {
  /// Which pods may be others afterwards, of those that are there before and after.
  enum Restarts {
    case none
    case all
    case only(Set<String>)
    case any
  }

  private struct Totals: Decodable {
    var event: String
    var records: Int
    var failedCalls: Int
    var retries: Int
    var longestGap: Double?

    private enum CodingKeys: String, CodingKey {
      case event, retries
      case records = "acknowledged_records"
      case failedCalls = "failed_calls"
      case longestGap = "longest_gap_ms"
    }
  }

  /// Longer than any transition: a log that sleeps is no failed call.
  private static let patience = "8m"
  /// How many records must come through before a transition begins, and after it.
  private static let fewRecords = 20

  let log: ProgLogResource
  private let directory: TemporaryDirectory
  private var histories: [String] = []
  private var sightings: [String] = []

  init(_ log: ProgLogResource) throws {
    self.log = log
    directory = try TemporaryDirectory()
  }

  /// Loads the log while `change` is made and until the operator has nothing more to do, and holds every promise
  /// against what is in the log then.
  mutating func goes(
    through transition: String, restarting restarts: Restarts = .none, within limit: Duration = .seconds(400),
    _ change: () async throws -> Void
  ) async throws {
    let podsBefore = try await log.pods()
    let flags = try await connection()
    let history = directory.file("history-\(histories.count)")
    let seen = directory.file("seen-\(sightings.count)")
    let producers = try ChildProcess(
      try await ClusterClient.program.path(),
      [
        "produce", "--history", history, "--producers", "2", "--inflight", "2", "--batch-records", "2",
        "--batch-timeout", Self.patience, "--progress-interval", "100ms",
      ] + flags)
    let consumers = try ChildProcess(
      try await ClusterClient.program.path(), ["consume", "--seen", seen, "--progress-interval", "10s"] + flags)
    try await acknowledges(producers)
    let start = ContinuousClock.now
    try await change()
    try await log.converges(within: limit)
    let duration = start.duration(to: .now)
    try await acknowledges(producers)
    let totals = try await stop(producers)
    consumers.send(SIGTERM)
    let consumed = try await consumers.ended()
    #expect(totals.failedCalls == 0, "\(transition): \(producers.output.suffix(2000))")
    #expect(consumed == 0, "\(transition): \(consumers.output.suffix(2000))\(consumers.errors)")
    histories.append(history)
    sightings.append(seen)
    try await verify(transition)
    expect(restarts, of: podsBefore, try await log.pods(), transition)
    let seconds = duration.formatted(.units(allowed: [.seconds], fractionalPart: .show(length: 1)))
    let gap = Int(totals.longestGap ?? 0)
    print(
      "\(transition): done in \(seconds), longest gap \(gap) ms, \(totals.records) records, \(totals.retries) retries")
  }

  /// Reads all that was ever produced from every server.
  private func verify(_ transition: String) async throws {
    let found = try await ClusterClient.run(
      [
        "verify", "--history", histories.joined(separator: ","), "--seen", sightings.joined(separator: ","),
        "--timeout",
        "2m",
      ] + (try await connection()))
    #expect(found.status == 0, "\(transition): \(found.output.suffix(4000))\(found.errors)")
  }

  private func connection() async throws -> [String] {
    let addresses = try await log.addresses().values.sorted().joined(separator: ",")
    return ["--addrs", addresses] + (try await log.credentials.flags())
  }

  private func totals(_ producers: ChildProcess) -> Totals? {
    producers.output.split(separator: "\n").reversed().lazy
      .compactMap { try? JSONDecoder().decode(Totals.self, from: Data($0.utf8)) }.first
  }

  private func acknowledges(_ producers: ChildProcess) async throws {
    let wanted = (totals(producers)?.records ?? 0) + Self.fewRecords
    try await Cluster.eventually("\(wanted) records are acknowledged") { () -> Void? in
      guard producers.isRunning else {
        throw NeverHappened(description: "the producers ended: \(producers.output.suffix(2000))\(producers.errors)")
      }
      return (totals(producers)?.records ?? 0) >= wanted ? () : nil
    }
  }

  private func stop(_ producers: ChildProcess) async throws -> Totals {
    producers.send(SIGTERM)
    try await producers.ended()
    guard let totals = totals(producers), totals.event == "totals" else {
      throw NeverHappened(
        description: "the producers have no totals: \(producers.output.suffix(2000))\(producers.errors)")
    }
    return totals
  }

  private func expect(
    _ restarts: Restarts, of before: [String: String], _ after: [String: String], _ transition: String
  ) {
    let common = Set(before.keys).intersection(after.keys)
    let changed = common.filter { before[$0] != after[$0] }
    switch restarts {
    case .none: #expect(changed.isEmpty, "\(transition) restarted \(changed.sorted())")
    case .all: #expect(changed == common, "\(transition) restarted \(changed.sorted()) only")
    case .only(let pods): #expect(changed == pods, "\(transition) restarted \(changed.sorted())")
    case .any: break
    }
  }
}
