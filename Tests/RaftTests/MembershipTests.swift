import CommitLog
import Testing

@testable import Raft

@Suite("Raft: membership")
struct MembershipTests {
  @Test(
    "thesis §4.2.2: a server that is not part of its own newest configuration begins elections until that is committed",
    arguments: [MembershipChange.remove(NodeID("a")), .demote(NodeID("a"))])
  func electionOfALeaver(change: MembershipChange) {
    var cluster = TestCluster(voters: ["a", "b"])
    cluster.elect("a")
    cluster.isolate("a")
    cluster.change(change, at: "a")
    cluster.deliver()
    cluster.restart("a")
    cluster.heal()
    // b cannot win against a's longer log.
    cluster.run(for: .seconds(10))
    #expect(cluster.role(of: "b") == .leader)
    #expect(cluster["b"].status.configuration?.configuration.voters == [TestCluster.peer("b")])
    #expect(cluster["b"].status.isConfigurationCommitted)
    #expect(cluster.role(of: "a") == .follower)
    #expect(cluster.violations == [])
  }

  /// The voter that asks has an entry that makes d a voter and that no other has; d's own log is newer and calls it a learner,
  /// and the only voter whose log is as new is gone for good. A quorum of voters is well and none of them could win.
  @Test("thesis §4.2.2: a learner whose newer log denies a voter the vote that it needs leads until its first commit")
  func electionOfALearner() {
    var cluster = TestCluster(voters: ["a", "b", "c"], learners: ["d"])
    cluster.elect("a")
    cluster.run(for: .milliseconds(10))
    cluster.isolate("a")
    cluster.change(.promote(NodeID("d")), at: "a")
    cluster.run(for: .milliseconds(10))
    // b leads; its first entry comes to d alone.
    cluster.isCut = { $0.isFrom("a") || $0.isTo("a") || $0.isTo("c") && $0.isAppend }
    cluster.elect("b")
    cluster.isolate("b")
    #expect(cluster.log(of: "a") == "1@1 2@2 3@2")
    #expect(cluster.log(of: "c") == "1@1 2@2")
    #expect(cluster.log(of: "d") == "1@1 2@2 3@3")
    cluster.run(for: .seconds(10))
    let leaders = ["a", "c", "d"].filter { cluster.role(of: $0) == .leader }
    #expect(leaders == ["a"] || leaders == ["c"])
    for name in ["a", "c", "d"] {
      #expect(cluster.log(of: name).hasPrefix("1@1 2@2 3@3 4@"))
      #expect(cluster[name].status.configuration?.configuration.description == "a b c (d)")
    }
    #expect(cluster.transcript.contains { $0.hasPrefix("d: leader term") })
    #expect(cluster.violations == [])
  }

  @Test("a node that follows a leader begins no cluster of its own")
  func bootstrapOfALearner() {
    var cluster = TestCluster()
    cluster.start("b", disk: TestDisk())
    cluster.say(.heartbeat(term: 3), from: "a", to: "b")
    cluster.step("b", .bootstrap(clusterID: "other", address: "b:8400", cluster.makeRequest()))
    #expect(cluster.answers(of: "b") == ["request 1 refused: alreadyBootstrapped"])
    #expect(cluster.log(of: "b") == "")
  }

  @Test("thesis §4.1: one change at a time; the next when the one before is committed")
  func oneAtATime() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    for name in ["d", "e"] { cluster.change(.addLearner(TestCluster.peer(name), address: name), at: "a") }
    cluster.deliver()
    cluster.change(.addLearner(TestCluster.peer("e"), address: "e"), at: "a")
    cluster.deliver()
    #expect(
      cluster.answers(of: "a") == ["request 2 refused: changeInProgress", "request 1 done", "request 3 done"])
    #expect(cluster["c"].status.configuration?.configuration.description == "a b c (d) (e)")
  }

  @Test("what would take away the quorum, or makes no sense, is refused")
  func refused() {
    var cluster = TestCluster(voters: ["a", "b", "c"], learners: ["d"])
    cluster.elect("a")
    cluster.isolate("b", "d")
    cluster.run(for: .seconds(2))
    let changes: [(MembershipChange, String)] = [
      (.remove(NodeID("c")), "noQuorum(active: 1, needed: 2)"),
      (.promote(NodeID("d")), "notCaughtUp(d, missing: 0)"),
      (.promote(NodeID("c")), "notLearner(c)"),
      (.demote(NodeID("d")), "notVoter(d)"),
      (.remove(NodeID("x")), "unknownMember(x)"),
    ]
    for (change, reason) in changes {
      cluster.change(change, at: "a")
      #expect(cluster.answers(of: "a").last?.hasSuffix("refused: \(reason)") == true)
    }
    // A wiped node is another peer of the same name: it must be removed first.
    cluster.change(.addLearner(TestCluster.peer("b", life: 2), address: "b"), at: "a")
    #expect(cluster.answers(of: "a").last?.contains("alreadyMember") == true)
    var lone = TestCluster(voters: ["a"])
    lone.elect("a")
    lone.change(.demote(NodeID("a")), at: "a")
    #expect(lone.answers(of: "a") == ["request 1 refused: lastVoter"])
  }

  @Test("thesis §4.2.2: a leader that removes itself leads until that is committed, then another at once")
  func leaderRemovesItself() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    let instant = cluster.now.instant
    cluster.change(.remove(NodeID("a")), at: "a")
    cluster.deliver()
    #expect(cluster.role(of: "a") == .follower)
    #expect(["b", "c"].contains { cluster.role(of: $0) == .leader })
    #expect(cluster.now.instant == instant)
    #expect(cluster.violations == [])
  }
}
