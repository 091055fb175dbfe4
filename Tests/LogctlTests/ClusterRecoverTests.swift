import ProgLogClient
import Testing

@testable import Logctl

/// What an administrator is told when one node goes on alone.
@Suite struct ClusterRecoverTests {
  private func report(start: UInt64 = 0, end: UInt64) -> NodeReport {
    var report = NodeReport(identity: NodeIdentity(name: "log-2", incarnation: "1"), address: "log-2:8400")
    report.startOffset = start
    report.endOffset = end
    return report
  }

  private let recovered = RecoveredCluster(clusterID: "beta", commitIndex: 90, lastIndex: 100)

  @Test("what is kept, what is in doubt and what may be lost is said")
  func bounds() {
    let lines = ClusterRecoverCommand.lines(report(start: 10, end: 80), "alpha", recovered, report(start: 10, end: 95))
    #expect(
      lines == [
        "cluster beta has begun with log-2 alone; cluster alpha is given up",
        "kept: all that log-2 had, offsets 10 up to but not 95; those from offset 80 on may never have been acknowledged",
        "lost: what the others acknowledged beyond that (entries after index 100), if there was any",
        "next: let new nodes join, or old ones with empty data directories",
      ])
    let certain = ClusterRecoverCommand.lines(report(end: 80), "alpha", recovered, report(end: 80))
    #expect(certain[1] == "kept: all that log-2 had, offsets 0 up to but not 80")
  }

  @Test("one node goes on, not two")
  func oneNode() async throws {
    let seeds = try ["a:1", "b:1"].map { try NodeAddress(parsing: $0) }
    let error = await #expect(throws: ClusterRefusal.self) {
      try await ClusterRecoverCommand.recover(
        seeds: seeds, clusterID: "alpha", newClusterID: nil, timeout: .seconds(1))
    }
    #expect(error?.description == "one node goes on: give its address alone with --addr")
  }
}
