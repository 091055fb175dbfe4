import CommitLog
import Testing

@testable import Raft

@Suite("Raft: elections")
struct ElectionTests {
  @Test("§5.2: a follower that hears nothing asks, votes for itself, and leads with a majority")
  func election() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    let transcript = cluster.transcript { cluster in
      cluster.timeOut("a")
      cluster.deliver(to: "b")
      cluster.deliver(to: "a")
      cluster.deliver { $0.isTo("b") && $0.isVoteRequest }
      cluster.deliver { $0.isTo("a") }
    }
    #expect(
      transcript == [
        "a: →b pre-vote? term 2 last 1@1",
        "a: →c pre-vote? term 2 last 1@1",
        "a: preCandidate term 1 leader -",
        // b's time is up as well.
        "b: →a pre-vote? term 2 last 1@1",
        "b: →c pre-vote? term 2 last 1@1",
        "b: →a pre-vote granted term 2",
        "b: preCandidate term 1 leader -",
        // Of two that try at once, with the same log, the first by name goes on.
        "a: →b pre-vote denied term 1",
        "a: save term 2 vote a write 1",
        "a: candidate term 2 leader -",
        "a: →b vote? term 2 last 1@1",
        "a: →c vote? term 2 last 1@1",
        "b: save term 2 vote a write 1",
        "b: follower term 2 leader -",
        "b: →a vote granted term 2",
        "a: append [2@2] write 2",
        "a: →b append term 2 after 1@1 [2@2] commit 0",
        "a: →c append term 2 after 1@1 [2@2] commit 0",
        "a: →b heartbeat term 2 commit 0 round 1",
        "a: →c heartbeat term 2 commit 0 round 1",
        "a: leader term 2 leader a",
      ])
  }

  @Test("§5.2: one vote a term, first come first served; the same candidate gets it again")
  func oneVote() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    let answers = cluster.transcript { cluster in
      for candidate in ["a", "b", "a"] { cluster.say(.vote(term: 2, last: .at(1, 1)), from: candidate, to: "c") }
    }
    #expect(
      answers.filter { $0.contains("→") } == [
        "c: →a vote granted term 2", "c: →b vote denied term 2", "c: →a vote granted term 2",
      ])
  }

  @Test(
    "§5.4.1: no vote for a log that is behind",
    arguments: [
      (EntryID.at(3, 3), true), (.at(4, 3), true), (.at(1, 4), true), (.at(2, 3), false), (.at(9, 2), false),
    ])
  func upToDate(last: EntryID, isGranted: Bool) {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.say(.append(term: 3, after: .at(1, 1), [.entry(2, term: 2), .entry(3, term: 3)]), from: "a", to: "c")
    cluster.advance(by: .seconds(5))
    cluster.clearTranscript()
    cluster.say(.vote(term: 9, last: last), from: "b", to: "c")
    #expect(cluster.transcript.last == "c: →b vote \(isGranted ? "granted" : "denied") term 9")
  }

  @Test("§5.1: a candidate and a leader that see a later term follow", arguments: [false, true])
  func laterTerm(isLeader: Bool) {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    if isLeader {
      cluster.elect("a")
    } else {
      cluster.timeOut("a")
      cluster.deliver { !$0.isVoteRequest }
      #expect(cluster.role(of: "a") == .candidate)
    }
    cluster.say(.heartbeat(term: 9), from: "b", to: "a")
    #expect(cluster["a"].status.role == RoleSummary(role: .follower, term: Term(9), leader: TestCluster.peer("b")))
  }

  @Test("§5.2: a candidate follows who leads in its term")
  func candidateFollows() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.timeOut("a")
    cluster.deliver { !$0.isVoteRequest }
    let term = cluster.term(of: "a")
    cluster.say(.heartbeat(term: term), from: "b", to: "a")
    #expect(cluster["a"].status.role.leader == TestCluster.peer("b"))
    #expect(cluster.nodes["a"]?.disk.hardState == HardState(term: Term(term), vote: TestCluster.peer("a")))
  }

  @Test("§5.2: a split vote ends with another try, at times that differ")
  func splitVote() {
    var cluster = TestCluster(voters: ["a", "b", "c", "d", "e"])
    cluster.run(for: .seconds(20))
    #expect(["a", "b", "c", "d", "e"].count { cluster.role(of: $0) == .leader } == 1)
    #expect(cluster.violations == [])
  }

  @Test("§5.6, durability: asking and answering wait for the disk; late, the message is still sent")
  func heldMessages() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.nodes["c"]?.isDiskSlow = true
    let before = cluster.transcript { $0.say(.vote(term: 2, last: .at(1, 1)), from: "a", to: "c") }
    #expect(before == ["c: save term 2 vote a write 1", "c: follower term 2 leader -"])
    let after = cluster.transcript { $0.finishWrites(of: "c") }
    #expect(after == ["c: →a vote granted term 2"])
  }

  @Test("§5.2, durability: a candidate's own vote counts when it is on the disk")
  func ownVote() {
    var cluster = TestCluster(voters: ["a"])
    cluster.nodes["a"]?.isDiskSlow = true
    cluster.step("a", .timer)
    #expect(cluster.role(of: "a") == .candidate)
    cluster.finishWrites(of: "a")
    #expect(cluster.role(of: "a") == .leader)
  }

  @Test("§5.1: a term that only the log knows is the node's after a restart, and no vote was given in it")
  func termOfTheLog() {
    var disk = TestDisk(batches: [.entry(1, term: 1), .entry(2, term: 4)], term: Term(3))
    disk.hardState.vote = TestCluster.peer("b")
    var cluster = TestCluster()
    cluster.start("a", disk: disk)
    #expect(cluster.term(of: "a") == 4)
    cluster.step("a", .timer)
    #expect(cluster.nodes["a"]?.disk.hardState == HardState(term: Term(4), vote: nil))
  }

  @Test("a node that is no voter asks for no votes, and its timer does not spin")
  func learner() {
    var cluster = TestCluster(voters: ["a"], learners: ["b"])
    for _ in 0..<3 {
      cluster.timeOut("b")
      #expect(cluster["b"].deadline > cluster.now.instant)
    }
    #expect(cluster.network.isEmpty)
    #expect(cluster.term(of: "b") == 1)
  }

  @Test("a wiped node, of the same name, has no vote")
  func wiped() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.timeOut("a")
    cluster.intercept()
    let granted = VoteResponse(term: Term(2), isPreVote: true, isGranted: true)
    cluster.say(.voteResponse(granted), from: "b", life: 2, to: "a")
    #expect(cluster.role(of: "a") == .preCandidate)
    cluster.say(.voteResponse(granted), from: "b", to: "a")
    #expect(cluster.role(of: "a") == .candidate)
  }
}
