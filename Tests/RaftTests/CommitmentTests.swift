import CommitLog
import Testing

@testable import Raft

@Suite("Raft: commitment")
struct CommitmentTests {
  @Test("§5.3: committed when a majority has it on disk, this node's or not", arguments: ["a", "b", "c"])
  func majority(slow: String) {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    let before = cluster.commit(of: "a")
    cluster.nodes[slow]?.isDiskSlow = true
    cluster.propose("one", at: "a")
    cluster.deliver()
    #expect(cluster.commit(of: "a") == before + 1)
    #expect(cluster.violations == [])
  }

  @Test("§5.3: not committed while a minority has it on disk")
  func minority() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    let before = cluster.commit(of: "a")
    cluster.nodes["b"]?.isDiskSlow = true
    cluster.nodes["c"]?.isDiskSlow = true
    cluster.propose("one", at: "a")
    cluster.deliver()
    #expect(cluster.commit(of: "a") == before)
    cluster.finishWrites(of: "b")
    cluster.deliver()
    #expect(cluster.commit(of: "a") == before + 1)
  }

  @Test("§5.3: a follower commits no further than its log is known to be the leader's")
  func followerCommit() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.say(.append(term: 2, after: .at(1, 1), [.entry(2, term: 2), .entry(3, term: 2)]), from: "a", to: "b")
    cluster.say(.append(term: 3, after: .at(1, 1), commit: 3), from: "c", to: "b")
    #expect(cluster.commit(of: "b") == 1)
    cluster.say(.append(term: 3, after: .at(1, 1), [.entry(2, term: 3)], commit: 3), from: "c", to: "b")
    #expect(cluster.commit(of: "b") == 2)
    #expect(cluster.log(of: "b") == "1@1 2@3")
  }

  @Test("§5.4.2: a new leader commits what came before with an entry of its own term")
  func ownTerm() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.isCut = { $0.isAppendResponse }
    cluster.propose("one", at: "a")
    cluster.deliver()
    cluster.isolate("a")
    cluster.elect("b")
    #expect(cluster.values(of: "c") == ["one"])
    #expect(cluster.commit(of: "b") == cluster["b"].status.lastIndex.rawValue)
    #expect(cluster.violations == [])
  }

  @Test("what a learner or a wiped node of a voter's name has counts for nothing")
  func wiped() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    let before = cluster.commit(of: "a")
    cluster.isolate("a")
    cluster.propose("one", at: "a")
    let index = LogIndex(before + 1)
    let answer = AppendResponse(
      term: cluster["a"].status.role.term, result: .accepted(matched: index, flushed: FlushedIndex(received: index)))
    cluster.say(.appendResponse(answer), from: "b", life: 2, to: "a")
    #expect(cluster.commit(of: "a") == before)
    cluster.say(.appendResponse(answer), from: "b", to: "a")
    #expect(cluster.commit(of: "a") == before + 1)
  }

  @Test("a peer that claims more than the leader has is not believed")
  func impossible() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    let before = cluster.commit(of: "a")
    let answer = AppendResponse(
      term: cluster["a"].status.role.term,
      result: .accepted(matched: LogIndex(99), flushed: FlushedIndex(received: LogIndex(99))))
    cluster.say(.appendResponse(answer), from: "b", to: "a")
    #expect(cluster.commit(of: "a") == before)
  }
}
