import CommitLog
import Testing

@testable import Raft

@Suite("Raft: reads")
struct ReadIndexTests {
  @Test("thesis §6.4: a read waits for a round of heartbeats that a majority answers")
  func read() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.read(at: "a")
    #expect(cluster.answers(of: "a") == [])
    cluster.deliver(to: "b")
    cluster.deliver(to: "a")
    #expect(cluster.answers(of: "a") == ["read 1 at \(cluster.commit(of: "a"))"])
  }

  @Test("thesis §6.4: an answer to an older round confirms nothing")
  func olderRound() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.advance(by: .milliseconds(100))
    cluster.step("a", .timer)
    cluster.deliver(to: "b")
    cluster.deliver(to: "c")
    let late = cluster.intercept()
    cluster.read(at: "a")
    cluster.intercept()
    late.forEach { cluster.deliver($0) }
    #expect(cluster.answers(of: "a") == [])
  }

  @Test("thesis §6.4: a follower's reads go to the leader")
  func forwarded() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.propose("one", at: "a")
    cluster.deliver()
    cluster.read(at: "b")
    cluster.deliver()
    #expect(cluster.answers(of: "b") == ["read 2 at \(cluster.commit(of: "a"))"])
  }

  @Test("thesis §6.4.1: a leader that was paused for longer than its lease serves nothing")
  func paused() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.isolate("a")
    cluster.elect("b")
    cluster.propose("one", at: "b")
    cluster.deliver()
    cluster.read(at: "a")
    #expect(cluster.answers(of: "a") == ["read 2 refused: notLeader(hint: nil)"])
    #expect(cluster.role(of: "a") != .leader)
  }

  @Test("a read is refused when its leader is lost, forwarded or not")
  func leaderChange() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.isCut = { _ in true }
    cluster.read(at: "a")
    cluster.read(at: "b")
    cluster.deliver()
    cluster.heal()
    for name in ["a", "b"] { cluster.say(.heartbeat(term: 9), from: "c", to: name) }
    #expect(cluster.answers(of: "a") == ["read 1 refused: notLeader(hint: nil)"])
    #expect(cluster.answers(of: "b").count == 1)
    #expect(cluster.answers(of: "b")[0].hasPrefix("read 2 refused: notLeader"))
  }

  @Test("a forwarded read that nobody answers is refused in the end")
  func expiry() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.isCut = { $0.isReadResponse }
    cluster.read(at: "b")
    cluster.run(for: .milliseconds(1900))
    #expect(cluster.answers(of: "b") == [])
    cluster.run(for: .milliseconds(200))
    #expect(cluster.answers(of: "b") == ["read 1 refused: notLeader(hint: Optional(a))"])
  }

  @Test("reads are bounded")
  func bound() {
    var settings = Settings.withoutDelay
    settings.maximumPendingReads = 2
    var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
    cluster.elect("a")
    for name in ["a", "b"] {
      for _ in 0..<3 { cluster.read(at: name) }
      #expect(cluster.answers(of: name).count == 1)
      #expect(cluster.answers(of: name)[0].hasSuffix("refused: overloaded"))
    }
  }
}
