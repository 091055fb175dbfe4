import CommitLog
import NIOCore
import Testing

@testable import Raft

@Suite("Raft: storage")
struct StorageTests {
  private func cluster(fullAt name: String) -> TestCluster {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.nodes[name]?.isDiskSlow = true
    return cluster
  }

  @Test("a truncation that a full disk refused is done once there is room, before anything is appended")
  func refusedTruncation() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    let old: [RecordBatch] = [.entry(2, term: 2), .entry(3, term: 2)]
    cluster.say(.append(term: 2, after: .at(1, 1), old), from: "a", to: "b")
    cluster.nodes["b"]?.isDiskSlow = true
    cluster.say(.append(term: 2, after: .at(3, 2), [.entry(4, term: 2)]), from: "a", to: "b")
    // The disk refuses entry 4; until the core hears of that, it asks for more.
    cluster.say(.append(term: 3, after: .at(2, 2), [.entry(3, term: 3)]), from: "c", to: "b")
    cluster.nodes["b"]?.isDiskFull = true
    cluster.finishWrites(of: "b")
    cluster.nodes["b"]?.isDiskFull = false
    cluster.nodes["b"]?.isDiskSlow = false
    cluster.step("b", .roomReturned)
    cluster.say(
      .append(term: 3, after: .at(2, 2), [.entry(3, term: 3), .entry(4, term: 3)]), from: "c", to: "b")
    #expect(cluster.nodes["b"]?.disk.batches.map(\.term) == [Term(1), Term(2), Term(3), Term(3)])
    #expect(cluster["b"].status.flushedIndex == LogIndex(4))
    #expect(cluster.violations == [])
  }

  @Test("an entry that a full disk has, and did not sync, is acknowledged in the end")
  func acceptedEntry() {
    var cluster = cluster(fullAt: "b")
    let both: [RecordBatch] = [.entry(2, term: 2), .entry(3, term: 2)]
    cluster.say(.append(term: 2, after: .at(1, 1), [both[0]]), from: "a", to: "b")
    cluster.say(.append(term: 2, after: .at(2, 2), [both[1]]), from: "a", to: "b")
    // In one drain: the first is written, the second is not, and nothing is synced.
    cluster.nodes["b"]?.disk.batches.append(both[0])
    cluster.refuseWrites(of: "b")
    cluster.nodes["b"]?.isDiskSlow = false
    cluster.finishWrites(of: "b")
    cluster.step("b", .roomReturned)
    cluster.clearTranscript()
    cluster.say(.append(term: 2, after: .at(1, 1), [both[0]]), from: "a", to: "b")
    #expect(cluster.transcript.last == "b: →a accepted term 2 matched 2 flushed 2")
  }

  @Test("a reset that a full disk refused is done once there is room")
  func refusedReset() {
    var cluster = cluster(fullAt: "b")
    cluster.say(.append(term: 2, after: .at(1, 1), [.entry(2, term: 2)]), from: "a", to: "b")
    let start = LogEnd(nextIndex: LogIndex(10), nextOffset: Offset(7), lastTerm: Term(2))
    let configuration = cluster["b"].configurations.newest
    if let configuration {
      let snapshot = Snapshot(start: start, configuration: configuration, state: ByteBuffer())
      cluster.say(.snapshot(InstallSnapshot(term: Term(2), snapshot: snapshot)), from: "a", to: "b")
    }
    cluster.nodes["b"]?.isDiskFull = true
    cluster.finishWrites(of: "b")
    #expect(cluster.nodes["b"]?.disk.end.nextIndex == LogIndex(2))
    cluster.nodes["b"]?.isDiskFull = false
    cluster.nodes["b"]?.isDiskSlow = false
    cluster.finishWrites(of: "b")
    cluster.step("b", .roomReturned)
    #expect(cluster.nodes["b"]?.disk.start == start)
    #expect(cluster["b"].status.flushedIndex == LogIndex(9))
  }

  private func configuration(_ index: UInt64, _ voters: [String]) -> RecordBatch {
    let members = voters.map { Member(peer: TestCluster.peer($0), address: "\($0):8400", role: .voter) }
    let time = Timestamp(microseconds: 0)
    return RecordBatch(
      kind: .configuration, payload: Configuration(clusterID: "test", members: members).encoded(), timestamp: time
    ).stamped(index: LogIndex(index), term: Term(2), baseOffset: Offset(0), appendTime: time)
  }

  @Test("two configurations that a full disk refused are both taken back")
  func refusedConfigurations() {
    var cluster = cluster(fullAt: "b")
    let entries = [configuration(2, ["a", "b", "c", "d"]), configuration(3, ["a", "b", "c", "d", "e"])]
    cluster.say(.append(term: 2, after: .at(1, 1), entries, commit: 3), from: "a", to: "b")
    cluster.nodes["b"]?.isDiskFull = true
    cluster.finishWrites(of: "b")
    #expect(cluster["b"].status.configuration?.configuration.description == "a b c")
  }

  @Test("that a configuration is committed is told again when a full disk had refused it")
  func refusedCommittedConfiguration() {
    var cluster = cluster(fullAt: "b")
    let entry = configuration(2, ["a", "b", "c", "d"])
    cluster.say(.append(term: 2, after: .at(1, 1), [entry], commit: 2), from: "a", to: "b")
    cluster.nodes["b"]?.isDiskFull = true
    cluster.finishWrites(of: "b")
    cluster.nodes["b"]?.isDiskFull = false
    cluster.nodes["b"]?.isDiskSlow = false
    cluster.step("b", .roomReturned)
    cluster.clearTranscript()
    cluster.say(.append(term: 2, after: .at(1, 1), [entry], commit: 2), from: "a", to: "b")
    #expect(cluster.transcript.contains("b: members a b c d at 2 committed"))
  }
}
