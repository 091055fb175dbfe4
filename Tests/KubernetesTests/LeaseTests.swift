import Foundation
import TestSupport
import Testing

/// Two operators, of which one acts.
@Suite(
  .serialized, .enabled(if: Cluster.isAvailable, "\(Cluster.reason)"),
  .enabled(if: Cluster.auditLog != nil, "needs the API server's audit log"))
struct LeaseTests {
  enum Fault: CaseIterable, Sendable {
    case killed
    case paused
  }

  /// A Lease of 15 s, the 2 s between two looks at it, and what the first pass takes.
  private static let takeOver = Duration.seconds(20)

  @Test(
    "when the leading operator is killed or paused, another acts within 20 s, and never both", arguments: Fault.allCases
  )
  func takeOver(_ fault: Fault) async throws {
    try await Cluster.installOperator()
    try await Cluster.withNamespace("lease") { namespace in
      let log = try ProgLogResource(namespace: namespace)
      try await log.apply(spec: ["access": ["type": "ClusterIP"]])
      try await log.converges()
      try await Cluster.operatorTurn.whileMine {
        try await Cluster.operatorIsReady()
        try await take(over: fault, log)
        try await Cluster.operatorIsReady()
      }
      try await log.converges()
    }
  }

  private func take(over fault: Fault, _ log: ProgLogResource) async throws {
    let old = try await Cluster.leadingPod()
    let address = try await Cluster.address(ofOperator: old)
    guard
      let process = try await HostProcess.identifier(
        pod: old, in: Cluster.operatorNamespace, program: Cluster.operatorProgram)
    else { return }  // The node is another machine.
    let start = Date.now
    kill(process, fault == .killed ? SIGKILL : SIGSTOP)
    let stopped = ContinuousClock.now
    try await log.patch(#"{"spec":{"service":{"annotations":{"example.org/a":"b"}}}}"#)
    try await Cluster.eventually("another operator acts", within: Self.takeOver + .seconds(10)) { () -> Void? in
      let text = try await Cluster.kubectl(
        "get", "service", log.name, "-n", log.namespace, "-o", #"jsonpath={.metadata.annotations.example\.org/a}"#)
      return text == "b" ? () : nil
    }
    let duration = stopped.duration(to: .now)
    let seconds = duration.formatted(.units(allowed: [.seconds], fractionalPart: .show(length: 1)))
    print("the operator \(fault): another acted after \(seconds)")
    #expect(duration < Self.takeOver)
    #expect(try await Cluster.leadingPod() != old)
    if fault == .paused {
      kill(process, SIGCONT)
      // It was the leader when it fell asleep, and must not wake as one.
      try await Cluster.eventually("the paused operator ends") { () -> Void? in kill(process, 0) == 0 ? nil : () }
    }
    try expectOneWriter(after: start, old: address)
  }

  private func expectOneWriter(after start: Date, old: String) throws {
    let requests = try AuditLog(since: start).requests.filter {
      $0.isWrite && $0.responseStatus.map { $0.code < 300 } == true
    }
    let change = try #require(requests.first { $0.isOfLease && $0.source != old })
    let objects = requests.filter { !$0.isOfLease }
    let late = objects.filter { $0.source == old && $0.requestReceivedTimestamp > change.requestReceivedTimestamp }
    #expect(late.isEmpty, "written by the one that does not lead any more: \(late)")
    let early = objects.filter { $0.source != old && $0.requestReceivedTimestamp < change.requestReceivedTimestamp }
    #expect(early.isEmpty, "written before it led: \(early)")
  }
}
