import CommitLog
import Testing

@testable import Raft

@Suite("Raft: pre-vote")
struct PreVoteTests {
  @Test("thesis §9.6: a trial changes no term, on neither side")
  func trial() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.isolate("a")
    for _ in 0..<5 {
      cluster.timeOut("a")
      cluster.deliver()
    }
    #expect(["a", "b", "c"].map { cluster.term(of: $0) } == [1, 1, 1])
    #expect(cluster.nodes["a"]?.disk.hardState == HardState(term: Term(1)))
  }

  @Test("thesis §4.2.3: whoever hears a leader says nothing; after an election time-out it grants")
  func stickiness() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.say(.heartbeat(term: 2), from: "a", to: "b")
    let ask = Message.vote(term: 3, last: .at(1, 1), isPreVote: true)
    cluster.advance(by: .milliseconds(999))
    let early = cluster.transcript { $0.say(ask, from: "c", to: "b") }
    #expect(early == [])
    cluster.advance(by: .milliseconds(1))
    let late = cluster.transcript { $0.say(ask, from: "c", to: "b") }
    #expect(late == ["b: →c pre-vote granted term 3"])
  }

  @Test("thesis §9.6: a trial in a term that is over teaches the new one, and the next succeeds")
  func mixedTerms() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.isolate("c")
    cluster.say(.vote(term: 7, last: .at(1, 1)), from: "c", to: "b")
    cluster.intercept()
    cluster.campaign("a")
    #expect(cluster.role(of: "a") == .leader)
    #expect(cluster.term(of: "a") >= 8)
  }

  @Test("thesis §3.10: an election that the leader asked for is no disruption")
  func transfer() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.say(.heartbeat(term: 2), from: "a", to: "b")
    cluster.say(.vote(term: 3, last: .at(1, 1)), from: "c", to: "b")
    #expect(cluster.term(of: "b") == 2)
    cluster.say(.vote(term: 3, last: .at(1, 1), isTransfer: true), from: "c", to: "b")
    #expect(cluster.transcript.last == "b: →c vote granted term 3")
  }

  @Test("a leader whose process ends is followed by another within heartbeats, for its connections tell")
  func brokenConnections() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.isolate("a")
    for name in ["b", "c"] { cluster.step(name, .disconnected(TestCluster.peer("a"))) }
    cluster.run(for: .milliseconds(250))
    #expect(["b", "c"].contains { cluster.role(of: $0) == .leader })
    #expect(cluster.violations == [])
  }

  @Test("a follower whose connection breaks, and who hears the leader again, asks nobody")
  func connectionMadeAgain() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.step("b", .disconnected(TestCluster.peer("a")))
    let later = cluster.transcript { $0.run(for: .milliseconds(950)) }
    #expect(!later.contains { $0.contains("pre-vote") })
    #expect(cluster.role(of: "a") == .leader)
  }

  @Test("a follower that alone has lost its leader is answered by nobody, and changes no term")
  func oneBrokenConnection() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    let term = cluster.term(of: "a")
    cluster.isCut = { $0.isFrom("a") && $0.isTo("b") || $0.isFrom("b") && $0.isTo("a") }
    cluster.step("b", .disconnected(TestCluster.peer("a")))
    cluster.run(for: .milliseconds(950))
    #expect(cluster.role(of: "a") == .leader)
    #expect(["a", "b", "c"].map { cluster.term(of: $0) } == [term, term, term])
  }
}
