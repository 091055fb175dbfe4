import CommitLog
import NIOCore
import Testing

@testable import Raft

@Suite("Raft: snapshots")
struct SnapshotTests {
  /// b was away while a's log was cut from the front.
  private func cluster() -> TestCluster {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.isolate("b")
    for value in ["one", "two", "three"] { cluster.propose(value, at: "a") }
    cluster.deliver()
    cluster.removeEntries(before: 5, of: "a")
    return cluster
  }

  @Test("§7: who needs what was cut off gets the start of the log, then the rest as batches")
  func install() {
    var cluster = cluster()
    cluster.heal()
    cluster.run(for: .seconds(3))
    #expect(cluster.nodes["b"]?.disk.start == cluster.nodes["a"]?.disk.start)
    #expect(cluster.log(of: "b") == cluster.log(of: "a"))
    #expect(cluster["b"].status.configuration?.configuration.description == "a b c")
    #expect(cluster.violations == [])
  }

  @Test("§7: a lost snapshot is sent again")
  func lost() {
    var cluster = cluster()
    cluster.isCut = { $0.isSnapshot }
    cluster.run(for: .seconds(3))
    cluster.heal()
    cluster.run(for: .seconds(3))
    #expect(cluster.log(of: "b") == cluster.log(of: "a"))
  }

  @Test("§7: acknowledged only when the log is replaced; a crash before leaves the old log")
  func crash() {
    var cluster = cluster()
    cluster.nodes["b"]?.isDiskSlow = true
    cluster.heal()
    cluster.run(for: .seconds(3))
    #expect(cluster["b"].status.startIndex == LogIndex(5))
    #expect(cluster["b"].status.flushedIndex == LogIndex(0))
    cluster.restart("b")
    #expect(cluster.log(of: "b") == "1@1 2@\(cluster.term(of: "a"))")
    cluster.run(for: .seconds(5))
    #expect(cluster.log(of: "b") == cluster.log(of: "a"))
    #expect(cluster.violations == [])
  }

  @Test("§7: a log that has the snapshot's last entry keeps what follows")
  func contained() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    let entries: [RecordBatch] = [.entry(2, term: 2), .entry(3, term: 2), .entry(4, term: 2)]
    cluster.say(.append(term: 2, after: .at(1, 1), entries), from: "a", to: "b")
    guard let configuration = cluster["b"].configurations.newest else { return }
    func install(_ index: UInt64, _ term: UInt64) -> [String] {
      let start = LogEnd(nextIndex: LogIndex(index + 1), nextOffset: Offset(0), lastTerm: Term(term))
      let snapshot = Snapshot(start: start, configuration: configuration, state: ByteBuffer())
      return cluster.transcript { cluster in
        cluster.say(.snapshot(InstallSnapshot(term: Term(3), snapshot: snapshot)), from: "a", to: "b")
      }
    }
    _ = install(2, 2)
    #expect(cluster.log(of: "b") == "1@1 2@2 3@2 4@2")
    #expect(cluster.commit(of: "b") == 2)
    // Another entry at that place: nothing of the log is the leader's.
    _ = install(4, 3)
    #expect(cluster.log(of: "b") == "")
    #expect(cluster["b"].status.startIndex == LogIndex(5))
    // An older one comes late.
    let late = install(2, 2)
    #expect(late == ["b: →a accepted term 3 matched 4 flushed 4"])
  }
}
