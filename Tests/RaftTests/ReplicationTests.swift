import CommitLog
import Testing

@testable import Raft

@Suite("Raft: replication")
struct ReplicationTests {
  @Test("a leader is elected, replicates, commits and tells its followers")
  func basics() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.propose("one", "two", at: "a")
    cluster.deliver()
    for name in ["a", "b", "c"] {
      #expect(cluster.values(of: name) == ["one", "two"])
      #expect(cluster.nodes[name]?.committed == LogIndex(4))
    }
  }

  @Test("a follower that was away gets what it missed; another leader's tail is cut off")
  func conflict() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.isCut = { $0.sender == TestCluster.peer("a") || $0.receiver == TestCluster.peer("a") }
    cluster.propose("lost", at: "a")
    cluster.deliver()
    cluster.elect("b")
    cluster.propose("kept", at: "b")
    cluster.deliver()
    #expect(cluster.nodes["b"]?.committed == LogIndex(4))
    cluster.isCut = { _ in false }
    cluster.run(for: .seconds(3))
    for name in ["a", "b", "c"] { #expect(cluster.values(of: name) == ["kept"]) }
  }

  @Test("a node alone begins a cluster, and takes in another as learner, then as voter")
  func bootstrap() {
    var cluster = TestCluster()
    cluster.start("a", disk: TestDisk())
    cluster.start("b", disk: TestDisk())
    cluster.step("a", .bootstrap(clusterID: "test", address: "a:8400", cluster.makeRequest()))
    #expect(cluster.nodes["a"]?.committed == LogIndex(1))
    cluster.propose("one", at: "a")
    cluster.step("a", .change(.addLearner(TestCluster.peer("b"), address: "b:8400"), cluster.makeRequest()))
    cluster.deliver()
    #expect(cluster.values(of: "b") == ["one"])
    cluster.step("a", .change(.promote(NodeID("b")), cluster.makeRequest()))
    cluster.deliver()
    #expect(cluster.nodes["b"]?.core.status.configuration?.configuration.voters.count == 2)
    #expect(cluster.nodes["a"]?.answers.last == "request 4 done")
  }

  @Test("§5.3: messages lost, doubled and in the wrong order leave the logs the same")
  func unreliable() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    var random = SplitMix64(seed: 7)
    for value in 0..<50 {
      cluster.propose("\(value)", at: "a")
      var packets = cluster.intercept().shuffled(using: &random)
      packets += packets.filter { _ in random.next(upperBound: 4) == 0 }
      for packet in packets where random.next(upperBound: 4) != 0 { cluster.deliver(packet) }
      cluster.advance(by: .milliseconds(10))
    }
    cluster.run(for: .seconds(6))
    for name in ["b", "c"] { #expect(cluster.log(of: name) == cluster.log(of: "a")) }
    #expect(cluster.commit(of: "a") == cluster["a"].status.lastIndex.rawValue)
    #expect(cluster.violations == [])
  }

  @Test("§5.3, durability: nothing is acknowledged before it is on the disk; one answer for all that came at once")
  func groupCommit() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.say(.heartbeat(term: 2), from: "a", to: "b")
    cluster.nodes["b"]?.isDiskSlow = true
    cluster.clearTranscript()
    cluster.say(.append(term: 2, after: .at(1, 1), [.entry(2, term: 2)]), from: "a", to: "b")
    cluster.say(.append(term: 2, after: .at(2, 2), [.entry(3, term: 2)]), from: "a", to: "b")
    #expect(cluster.transcript == ["b: append [2@2] write 2", "b: append [3@2] write 3"])
    let done = cluster.transcript { cluster in
      cluster.finishWrite(of: "b")
      cluster.finishWrite(of: "b")
    }
    #expect(
      done == [
        "b: →a accepted term 2 matched 3 flushed 2", "b: →a accepted term 2 matched 3 flushed 3",
      ])
  }

  @Test("§5.2: a heartbeat is answered while the disk hangs")
  func heartbeatsDoNotWait() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.say(.heartbeat(term: 2), from: "a", to: "b")
    cluster.nodes["b"]?.isDiskSlow = true
    cluster.say(.append(term: 2, after: .at(1, 1), [.entry(2, term: 2)]), from: "a", to: "b")
    #expect(
      cluster.transcript { $0.say(.heartbeat(term: 2, round: 8), from: "a", to: "b") } == ["b: →a alive term 2 round 8"]
    )
  }

  @Test("what only tells the commit index is not answered: its round was")
  func roundsAreAnsweredOnce() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.say(.append(term: 2, after: .at(1, 1), [.entry(2, term: 2)]), from: "a", to: "b")
    cluster.say(.heartbeat(term: 2, commit: 1, round: 8), from: "a", to: "b")
    let told = cluster.transcript { $0.say(.heartbeat(term: 2, commit: 2, round: 8), from: "a", to: "b") }
    #expect(told == ["b: commit 2"])
    let next = cluster.transcript { $0.say(.heartbeat(term: 2, commit: 2, round: 9), from: "a", to: "b") }
    #expect(next == ["b: →a alive term 2 round 9"])
  }

  @Test("the commit index goes with the next entry; alone only to who gets none for a moment")
  func commitNotice() {
    var cluster = TestCluster(voters: ["a", "b", "c"], settings: Settings())
    cluster.elect("a")
    cluster.run(for: .milliseconds(10))
    cluster.isCut = { $0.isTo("c") && $0.isAppend }
    let soon = cluster.transcript { cluster in
      cluster.propose("one", at: "a")
      cluster.deliver()
      cluster.advance(by: .microseconds(500))
      cluster.propose("two", at: "a")
      cluster.deliver()
    }
    #expect(!soon.contains { $0.contains("heartbeat") })
    #expect(soon.contains("a: →b append term 2 after 3@2 [4@2] commit 3"))
    #expect((cluster.commit(of: "a"), cluster.commit(of: "b")) == (4, 3))
    // Counted from the second commit: the first is told.
    #expect(cluster.transcript { $0.run(for: .microseconds(999)) } == [])
    let late = cluster.transcript { $0.run(for: .microseconds(1)) }
    #expect(late == ["a: →b heartbeat term 2 commit 4 round \(cluster["a"].leadership?.round ?? 0)", "b: commit 4"])
    #expect(cluster.transcript { $0.run(for: .milliseconds(10)) } == [])
  }

  @Test("thesis §4.2: who is removed hears at once that it is, for it is no follower then")
  func noticeOfRemoval() {
    var cluster = TestCluster(voters: ["a", "b", "c"], settings: Settings())
    cluster.elect("a")
    cluster.run(for: .milliseconds(10))
    cluster.nodes["b"]?.isDiskSlow = true
    cluster.change(.remove(NodeID("c")), at: "a")
    cluster.deliver()
    cluster.finishWrites(of: "b")
    cluster.deliver()
    #expect(cluster.commit(of: "c") == 3)
  }

  @Test("a cluster is begun once, and not on a node that has a log")
  func bootstrapTwice() {
    var cluster = TestCluster()
    cluster.start("a", disk: TestDisk())
    for _ in 0..<2 { cluster.step("a", .bootstrap(clusterID: "test", address: "a:8400", cluster.makeRequest())) }
    cluster.restart("a")
    cluster.step("a", .bootstrap(clusterID: "test", address: "a:8400", cluster.makeRequest()))
    #expect(cluster.answers(of: "a").last == "request 3 refused: alreadyBootstrapped")
    #expect(cluster.values(of: "a") == [])
    cluster.step("a", .timer)
    #expect(cluster.role(of: "a") == .leader)
  }

  @Test("a full disk: a leader steps down and another leads; with room it follows; a lone voter leads again")
  func fullDisk() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.nodes["a"]?.isDiskFull = true
    cluster.propose("one", at: "a")
    #expect(cluster.role(of: "a") == .follower)
    cluster.run(for: .seconds(5))
    #expect(["b", "c"].contains { cluster.role(of: $0) == .leader })
    cluster.nodes["a"]?.isDiskFull = false
    cluster.run(for: .seconds(5))
    #expect(cluster.log(of: "a") == cluster.log(of: "b"))
    #expect(cluster.violations == [])

    var lone = TestCluster(voters: ["a"])
    lone.elect("a")
    lone.nodes["a"]?.isDiskFull = true
    lone.propose("one", at: "a")
    lone.run(for: .seconds(3))
    #expect(lone.role(of: "a") == .follower)
    lone.nodes["a"]?.isDiskFull = false
    lone.run(for: .seconds(3))
    #expect(lone.role(of: "a") == .leader)
  }
}
