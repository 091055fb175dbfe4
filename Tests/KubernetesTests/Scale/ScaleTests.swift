import Foundation
import KubernetesClient
import Synchronization
import TestSupport
import Testing

/// Very many ProgLogs at once. `make scale` runs it, with a release build of the operator.
@Suite(.serialized, .enabled(if: ScaleLogs.count != nil, "needs the control plane that `make scale` starts"))
struct ScaleTests {
  /// The operator plans every log anew each 600 s: a window of that length has it once.
  private static let quietTime = Duration.seconds(
    ProcessInfo.processInfo.environment["PROGLOG_SCALE_QUIET_SECONDS"].flatMap { Int($0) } ?? 60)

  @Test("many logs converge, cost nothing when they have, and follow their specs after a relist under load")
  func scale() async throws {
    let directory = try TemporaryDirectory()
    let plane = try await ScaleControlPlane(in: directory)
    let logs = ScaleLogs(try #require(ScaleLogs.count), client: plane.client)
    do {
      try await logs.create()
      let leader = try await ScaleOperator(plane, electsLeader: true)
      try await converge(leader, logs)
      try await rest(leader, logs)
      #expect(try await leader.stop() == 0)
      // One that elects and is paused ends when it wakes up: its successor would list, with or without a 410.
      let next = try await ScaleOperator(plane, electsLeader: false)
      try await restart(next, logs)
      try await relist(next, logs, plane)
      #expect(try await next.stop() == 0)
    } catch {
      await plane.client.shutdown()
      throw error
    }
    await plane.client.shutdown()
  }

  private func converge(_ leader: ScaleOperator, _ logs: ScaleLogs) async throws {
    let start = ContinuousClock.now
    try await logs.converge(by: leader)
    let time = start.duration(to: .now).seconds
    let requests = try await audit(since: AuditLog.Mark())
    report(
      "\(logs.keys.count) ProgLogs converged in \(time.rounded(to: 0)) s with \(Self.byVerb(requests)) requests, "
        + "\((Double(requests.count) / Double(logs.keys.count)).rounded(to: 1)) for each; \(try leader.cost())")
  }

  private func rest(_ leader: ScaleOperator, _ logs: ScaleLogs) async throws {
    try await leader.comesToRest()
    let (mark, passes, processor) = (try AuditLog.Mark.now(), try await leader.passes(), try leader.cost().processor)
    let start = ContinuousClock.now
    try await eventually("the quiet time is over", within: Self.quietTime * 2, every: .milliseconds(100)) {
      start.duration(to: .now) > Self.quietTime ? () : nil
    }
    let requests = try await audit(since: mark)
    let (leases, others) = (requests.filter(\.isOfLease), requests.filter { !$0.isOfLease })
    let hours = start.duration(to: .now).seconds / 3_600
    let each = Double(others.count) / Double(logs.keys.count) / hours
    let cost = try leader.cost()
    report(
      "at rest for \(Self.quietTime): \(Self.byVerb(others)) requests, \(each.rounded(to: 2)) for each log in an hour; "
        + "\(Self.byVerb(leases)) for the Lease; \(try await leader.passes() - passes) passes; "
        + "\((cost.processor - processor).rounded(to: 1)) s of a processor; \(cost.memory >> 20) MiB of memory")
    let writes = others.filter(\.isWrite)
    #expect(writes.isEmpty, "\(writes.prefix(10).map(Self.text))")
  }

  private func restart(_ next: ScaleOperator, _ logs: ScaleLogs) async throws {
    let mark = try AuditLog.Mark.now()
    let start = ContinuousClock.now
    try await eventually("a new operator has planned for all", within: .seconds(1_800), every: .seconds(1)) {
      try await next.passes() >= logs.keys.count ? () : nil
    }
    let time = start.duration(to: .now).seconds
    try await next.comesToRest()
    let requests = try await audit(since: mark)
    report(
      "a new operator has planned for all after \(time.rounded(to: 0)) s with \(Self.byVerb(requests)) requests; "
        + "\(try next.cost())")
    let writes = requests.filter { $0.isWrite && !$0.isOfLease }
    #expect(writes.isEmpty, "\(writes.prefix(10).map(Self.text))")
  }

  private func relist(_ next: ScaleOperator, _ logs: ScaleLogs, _ plane: ScaleControlPlane) async throws {
    let mark = try AuditLog.Mark.now()
    let changed = logs.changed
    // The operator is stopped after a tenth of the changes: the rest it cannot see before their history is gone.
    try await logs.change(changed, round: 1) { if $0 == changed.count / 10 { next.pause() } }
    next.pause()
    try await plane.forgetHistory()
    let start = ContinuousClock.now
    try await logs.change(changed, round: 2) { if $0 == changed.count / 10 { next.goOn() } }
    next.goOn()
    try await logs.converge(by: next)
    let time = start.duration(to: .now).seconds
    try await next.comesToRest()

    let lists = try await next.metric("informer_lists_total").filter { $0.key.contains(#"reason="expired""#) }
    #expect(
      !lists.isEmpty && lists.values.allSatisfy { $0 >= 1 }, "not every collection was listed after a 410: \(lists)")
    let refusals = next.logLines(containing: "the watch was refused").count { $0.contains("410") }
    #expect(refusals >= lists.count)
    let requests = try await audit(since: mark)
    report(
      "after 410 for \(lists.count) watches \(changed.count) changed logs had converged in \(time.rounded(to: 0)) s "
        + "with \(Self.byVerb(requests)) requests; \(try next.cost())")

    #expect(try await logs.obstacles() == [])
    let rounds = try await logs.rounds()
    #expect(changed.allSatisfy { rounds[$0] == 2 } && rounds.count == changed.count)
    let writes = requests.filter { $0.isWrite && !$0.isOfLease }
    let written = Dictionary(grouping: writes) {
      ScaleLogs.owner(of: $0.objectRef?.name ?? "", in: $0.objectRef?.namespace ?? "")
    }
    let needless = written.filter { !changed.contains($0.key) }.values.joined()
    #expect(needless.isEmpty, "written about logs that nobody changed: \(needless.prefix(10).map(Self.text))")
  }

  /// The operator's requests. It has the rights of the chart, which must do.
  private func audit(since mark: AuditLog.Mark) async throws -> [AuditLog.Request] {
    let requests = try await AuditLog(since: mark).requests
    let refused = requests.filter(\.lacksRight)
    #expect(refused.isEmpty, "\(Set(refused.map(Self.text)).sorted().prefix(10))")
    return requests
  }

  private func report(_ text: String) { print("scale: \(text)") }

  private static func byVerb(_ requests: [AuditLog.Request]) -> String {
    let counts = Dictionary(grouping: requests, by: \.verb).mapValues(\.count)
    let parts = counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    return "\(requests.count)" + (parts.isEmpty ? "" : " (\(parts.joined(separator: ", ")))")
  }

  private static func text(_ request: AuditLog.Request) -> String {
    "\(request.verb) \(request.resource) \(request.objectRef?.namespace ?? "")/\(request.objectRef?.name ?? "")"
  }
}
