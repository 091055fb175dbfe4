import CommitLog
import Testing

@testable import Raft

@Suite("Raft: transfer of leadership")
struct TransferTests {
  @Test("thesis §3.10: the target gets what it lacks, is asked, wins at once, and proposals wait meanwhile")
  func transfer() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    let instant = cluster.now.instant
    cluster.nodes["b"]?.isDiskSlow = true
    cluster.propose("one", at: "a")
    cluster.deliver()
    cluster.transfer(to: "b", at: "a")
    cluster.propose("two", at: "a")
    #expect(cluster.answers(of: "a").last == "request 3 refused: transferring(to: b)")
    #expect(!cluster.transcript.contains("a: →b time out now term \(cluster.term(of: "a"))"))
    cluster.nodes["b"]?.isDiskSlow = false
    cluster.finishWrites(of: "b")
    cluster.deliver()
    #expect(cluster.role(of: "b") == .leader)
    #expect(cluster.answers(of: "a").last == "request 2 done")
    #expect(cluster.now.instant == instant)
    #expect(cluster.violations == [])
  }

  @Test("thesis §3.10: without a name it goes to who has the most")
  func best() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.isCut = { $0.isAppend && $0.isTo("b") }
    cluster.propose("one", at: "a")
    cluster.deliver()
    cluster.transfer(to: nil, at: "a")
    cluster.deliver()
    #expect(cluster.role(of: "c") == .leader)
  }

  @Test("thesis §3.10: when the target does not take over in time, the leader leads on and takes proposals")
  func timeOut() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.isolate("b")
    cluster.transfer(to: "b", at: "a")
    cluster.run(for: .milliseconds(1100))
    #expect(cluster.answers(of: "a") == ["request 1 refused: transferTimedOut"])
    let before = cluster.commit(of: "a")
    cluster.propose("one", at: "a")
    cluster.deliver()
    #expect(cluster.commit(of: "a") == before + 1)
  }

  @Test(
    "a transfer to nobody who could lead is refused",
    arguments: [
      ("d", "notVoter(d)"), ("x", "unknownMember(x)"),
    ])
  func refused(target: String, reason: String) {
    var cluster = TestCluster(voters: ["a", "b", "c"], learners: ["d"])
    cluster.elect("a")
    cluster.transfer(to: target, at: "a")
    cluster.transfer(to: "a", at: "b")
    #expect(cluster.answers(of: "a") == ["request 1 refused: \(reason)"])
    #expect(cluster.answers(of: "b") == ["request 2 refused: notLeader(hint: Optional(a))"])
  }

  @Test("only its leader can make a node ask at once")
  func stranger() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    let term = cluster["a"].status.role.term
    cluster.say(.timeoutNow(TimeoutNow(term: term)), from: "c", to: "b")
    #expect(cluster.role(of: "b") == .follower)
    cluster.say(.timeoutNow(TimeoutNow(term: Term(term.rawValue - 1))), from: "a", to: "b")
    #expect(cluster.role(of: "b") == .follower)
  }
}
