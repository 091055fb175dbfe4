import CommitLog
import Testing

@testable import Raft

/// One scenario for each bug that other implementations had: the core passes it, and fails it with the bug planted.
@Suite("Raft: bugs seen in the wild")
struct KnownBugsTests {
  @Test("1, Ongaro 2015: a leader changes members before it has committed an entry of its own term")
  func changeBeforeFirstCommit() {
    expectFound(.changeBeforeFirstCommit) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c", "d"], learners: ["e"], settings: settings)
      cluster.elect("a")
      // {a b c d e}, on a and e only.
      cluster.isolate("a", "e")
      cluster.change(.promote(NodeID("e")), at: "a")
      cluster.deliver()
      // b leads, and only c gets its entries; {b c d} would be committed by b and c.
      cluster.isCut = { $0.isFrom("a") || $0.isTo("a") || $0.isTo("e") || ($0.isAppend && $0.isTo("d")) }
      cluster.elect("b")
      cluster.change(.remove(NodeID("a")), at: "b")
      cluster.deliver()
      // a, d and e are a quorum of {a b c d e}.
      cluster.isolate("a", "d", "e")
      cluster.restart("a")
      cluster.campaign("a")
      return cluster.violations
    }
  }

  @Test("2, §5.4.2, nats-server#7955: an entry of an earlier term is committed by counting (figure 8)")
  func earlierTermCommittedByCounting() {
    var settings = Settings.withoutDelay
    // One entry a message.
    settings.maximumMessageBytes = 1
    expectFound(.earlierTermCommittedByCounting, settings: settings) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c", "d", "e"], settings: settings)
      // (a) Entry 2 of term 2 is on a and b.
      cluster.isCut = { $0.isAppend && !$0.isTo("b") }
      cluster.elect("a")
      // (b) e has another one, of term 3.
      cluster.isCut = { $0.isFrom("a") || $0.isTo("a") || $0.isTo("b") || $0.isAppend }
      cluster.elect("e")
      // (c) a leads again, and its entry of term 2 comes to c and d, a majority of five; that of term 4 does not.
      cluster.restart("a")
      var asked: Set<String> = []
      cluster.isCut = { packet in
        if packet.isTo("e") || packet.isFrom("e") { return true }
        guard case .appendRequest(let request) = packet.message else {
          if packet.isAppendResponse { asked.insert(packet.sender.id.name) }
          return false
        }
        return packet.isTo("b")
          || (asked.contains(packet.receiver.id.name) && request.batches.contains { $0.term > Term(2) })
      }
      cluster.elect("a")
      cluster.run(for: .milliseconds(500))
      // (d) e leads in term 5 and will overwrite it.
      cluster.isolate("a")
      cluster.restart("e")
      cluster.isCut = { $0.isFrom("a") || $0.isTo("a") || $0.isAppend }
      cluster.campaign("e")
      return cluster.violations
    }
  }

  @Test("3, nats-server#7956: a raised term keeps the vote of the one before")
  func staleVoteInRaisedTerm() {
    expectFound(.staleVoteInRaisedTerm) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.elect("a")
      cluster.isolate("a")
      return cluster.campaign("c")
        ? cluster.violations : ["c is not elected: b votes for a in term \(cluster.term(of: "b"))"]
    }
  }

  @Test("4, nats-server#7698: stepping down forgets the vote")
  func voteForgottenOnStepDown() {
    expectFound(.voteForgottenOnStepDown) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.say(.vote(term: 2, last: .at(1, 1)), from: "a", to: "c")
      cluster.say(.heartbeat(term: 2), from: "a", to: "c")
      cluster.restart("c")
      cluster.say(.vote(term: 2, last: .at(1, 1)), from: "b", to: "c")
      return cluster.violations
    }
  }

  @Test("5, openraft ee460f37: a vote is answered before it is on the disk")
  func voteAnsweredBeforeDurable() {
    expectFound(.voteAnsweredBeforeDurable) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.nodes["c"]?.isDiskSlow = true
      cluster.say(.vote(term: 2, last: .at(1, 1)), from: "a", to: "c")
      cluster.restart("c")
      cluster.say(.vote(term: 2, last: .at(1, 1)), from: "b", to: "c")
      return cluster.violations
    }
  }

  @Test("5, openraft ee460f37: entries are acknowledged before they are on the disk")
  func acknowledgedBeforeFlush() {
    expectFound(.acknowledgedBeforeFlush) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.elect("a")
      cluster.isolate("c")
      cluster.nodes["b"]?.isDiskSlow = true
      cluster.propose("lost", at: "a")
      cluster.deliver()
      // The entry is gone with the power of b, and with a.
      cluster.restart("b")
      cluster.isolate("a")
      cluster.campaign("b")
      return cluster.violations
    }
  }

  @Test("6, nats-server#7424: an append that comes late cuts off what came after it")
  func staleAppendTruncates() {
    expectFound(.staleAppendTruncates) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.elect("a")
      cluster.isCut = { $0.isFrom("c") || $0.isTo("c") }
      cluster.propose("one", at: "a")
      let late = cluster.network.last { $0.isAppend && $0.isTo("b") }
      cluster.propose("two", at: "a")
      // b does not learn that it is committed.
      cluster.deliver { $0.isAppend || $0.isAppendResponse }
      cluster.intercept()
      if let late { cluster.deliver(late) }
      cluster.isolate("a")
      cluster.campaign("b")
      return cluster.violations
    }
  }

  @Test("7, openraft cecb5de8: a write's completion counts for what was written in its place")
  func staleCompletionCounts() {
    expectFound(.staleCompletionCounts) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.nodes["b"]?.isDiskSlow = true
      cluster.say(.heartbeat(term: 2), from: "a", to: "b")
      cluster.finishWrites(of: "b")
      cluster.say(.append(term: 2, after: .at(1, 1), [.entry(2, term: 2), .entry(3, term: 2)]), from: "a", to: "b")
      cluster.say(.heartbeat(term: 3), from: "c", to: "b")
      cluster.say(.append(term: 3, after: .at(1, 1), [.entry(2, term: 3), .entry(3, term: 3)]), from: "c", to: "b")
      // The first append, of term 2, then the term: not yet the truncation.
      cluster.finishWrite(of: "b")
      cluster.finishWrite(of: "b")
      return cluster.violations
    }
  }

  @Test("8, nats-server#7589: what a peer has that is no voter counts")
  func nonVoterCounts() {
    expectFound(.nonVoterCounts) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], learners: ["d"], settings: settings)
      cluster.elect("a")
      cluster.isolate("a", "d")
      cluster.propose("lost", at: "a")
      cluster.deliver()
      return cluster.violations
    }
  }

  @Test("9, nats-server#7565: two changes at once make majorities without a common member")
  func concurrentChanges() {
    expectFound(.concurrentChanges) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.elect("a")
      cluster.isolate("a")
      cluster.change(.remove(NodeID("c")), at: "a")
      cluster.change(.remove(NodeID("b")), at: "a")
      cluster.campaign("b")
      return cluster.violations
    }
  }

  @Test("10, nats-server#8332: a configuration that is cut off stays in force")
  func configurationNotReverted() {
    expectFound(.configurationNotReverted) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], learners: ["d"], settings: settings)
      cluster.elect("a")
      cluster.isolate("a")
      cluster.change(.promote(NodeID("d")), at: "a")
      cluster.deliver()
      cluster.elect("c")
      cluster.heal()
      cluster.run(for: .seconds(3))
      let members = cluster["a"].status.configuration?.configuration.description
      return cluster.violations + (members == "a b c (d)" ? [] : ["a goes by \(members ?? "nothing")"])
    }
  }

  @Test("11, nats-server#8321: a snapshot that comes twice replaces the log behind it")
  func snapshotReplacesNewerLog() {
    expectFound(.snapshotReplacesNewerLog) { settings in
      var cluster = Self.clusterWithoutStart(settings)
      cluster.heal()
      cluster.run(for: .seconds(3))
      cluster.isCut = { $0.isFrom("c") || $0.isTo("c") }
      cluster.propose("four", at: "a")
      cluster.deliver { $0.isAppend || $0.isAppendResponse }
      if let snapshot = cluster.delivered.last(where: \.isSnapshot) { cluster.deliver(snapshot) }
      cluster.isolate("a")
      cluster.campaign("c")
      return cluster.violations
    }
  }

  @Test("12, openraft afd6508b: a follower that needs what was cut from the front gets no snapshot")
  func snapshotNeverSent() {
    expectFound(.snapshotNeverSent) { settings in
      var cluster = Self.clusterWithoutStart(settings)
      cluster.heal()
      cluster.run(for: .seconds(3))
      let end = cluster["b"].status.lastIndex
      return cluster.violations + (end == LogIndex(5) ? [] : ["b ends at \(end)"])
    }
  }

  /// a leads; b has the first two entries, and the first four are no more.
  private static func clusterWithoutStart(_ settings: Settings) -> TestCluster {
    var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
    cluster.elect("a")
    cluster.isolate("b")
    for value in ["one", "two", "three"] { cluster.propose(value, at: "a") }
    cluster.deliver()
    cluster.removeEntries(before: 5, of: "a")
    return cluster
  }

  @Test("13, etcd#7331: a read is answered before the first commit of the term")
  func readBeforeFirstCommit() {
    expectFound(.readBeforeFirstCommit) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.elect("a")
      cluster.isCut = { $0.isFrom("c") || $0.isTo("c") }
      cluster.propose("one", at: "a")
      // Committed, and b does not know it.
      cluster.deliver { $0.isAppend || $0.isAppendResponse }
      cluster.intercept()
      cluster.isCut = { $0.isFrom("a") || $0.isTo("a") || $0.isAppend }
      cluster.elect("b")
      cluster.read(at: "b")
      cluster.deliver()
      return cluster.violations
    }
  }

  @Test("13, etcd#20418: the number of a read is used again after a restart")
  func readIDsReused() {
    expectFound(.readIDsReused) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.elect("a")
      cluster.read(at: "b")
      cluster.deliver { !$0.isReadResponse }
      let late = cluster.intercept()
      cluster.restart("b")
      cluster.propose("one", at: "a")
      cluster.run(for: .milliseconds(200))
      cluster.read(at: "b")
      late.forEach { cluster.deliver($0) }
      return cluster.violations
    }
  }

  @Test("14, etcd#14370: a lone voter counts itself before its own sync")
  func leaderCountsUnflushed() {
    expectFound(.leaderCountsUnflushed) { settings in
      var cluster = TestCluster(voters: ["a"], settings: settings)
      cluster.elect("a")
      cluster.nodes["a"]?.isDiskSlow = true
      cluster.propose("lost", at: "a")
      return cluster.violations
    }
  }

  @Test("15: a pre-vote that comes after the trial is taken for a vote")
  func stalePreVoteCounts() {
    expectFound(.stalePreVoteCounts) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.timeOut("a")
      // b's answer makes a candidate of a; what it asks then is lost, and c's answer comes.
      cluster.deliver(to: "b")
      cluster.deliver(to: "c")
      cluster.deliver { $0.isTo("a") && $0.isFrom("b") }
      cluster.intercept(where: \.isVoteRequest)
      cluster.deliver(to: "a")
      cluster.isolate("a")
      cluster.campaign("b")
      return cluster.violations
    }
  }

  @Test("15, hashicorp/raft#605: the leader's own question for votes is not refused for its sake")
  func questionOfTheLeader() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    let answer = cluster.transcript { $0.say(.vote(term: 3, last: .at(2, 2), isPreVote: true), from: "a", to: "b") }
    #expect(answer == ["b: →a pre-vote granted term 3"])
    let vote = cluster.transcript { $0.say(.vote(term: 3, last: .at(2, 2)), from: "a", to: "b") }
    #expect(vote.contains("b: →a vote granted term 3"))
  }

  @Test("16, hashicorp/raft#581: proposals are taken while leadership is handed over")
  func transferAcceptsProposals() {
    expectFound(.transferAcceptsProposals) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.elect("a")
      cluster.transfer(to: "b", at: "a")
      cluster.propose("late", at: "a")
      let isRefused = cluster.answers(of: "a") == ["request 2 refused: transferring(to: b)"]
      return cluster.violations + (isRefused ? [] : cluster.answers(of: "a"))
    }
  }

  @Test("16: leadership goes to nobody who lacks an entry")
  func transferToWhoIsBehind() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.isCut = { $0.isAppend && $0.isTo("b") }
    cluster.propose("one", at: "a")
    cluster.deliver()
    cluster.transfer(to: "b", at: "a")
    cluster.run(for: .milliseconds(900))
    #expect(!cluster.transcript.contains { $0.contains("time out now") })
    cluster.heal()
    cluster.run(for: .seconds(2))
    #expect(cluster.answers(of: "a").last == "request 2 refused: transferTimedOut")
    #expect(cluster.role(of: "a") == .leader)
  }

  @Test("17, thesis §4.2.1: a node that does not know yet that it is a voter refuses a vote that is needed")
  func learnerRefusesVote() {
    expectFound(.learnerRefusesVote) { settings in
      var cluster = TestCluster(voters: ["a"], learners: ["b"], settings: settings)
      cluster.elect("a")
      cluster.isolate("b")
      cluster.change(.promote(NodeID("b")), at: "a")
      cluster.deliver()
      cluster.restart("a")
      cluster.heal()
      return cluster.campaign("a") ? cluster.violations : ["a is not elected"]
    }
  }

  @Test("17, thesis §4.2.3: a removed server that does not know it ends no term")
  func removedServerDisrupts() {
    var cluster = TestCluster(voters: ["a", "b", "c", "d"])
    cluster.elect("a")
    let term = cluster.term(of: "a")
    cluster.isolate("d")
    cluster.change(.remove(NodeID("d")), at: "a")
    cluster.deliver()
    #expect(cluster.answers(of: "a") == ["request 1 done"])
    cluster.heal()
    cluster.run(for: .seconds(20))
    #expect(cluster.role(of: "a") == .leader)
    #expect(cluster.term(of: "b") == term)
    // Not even one that asks without a trial.
    cluster.say(.vote(term: 9, last: .at(9, 9)), from: "d", to: "b")
    #expect(cluster.term(of: "b") == term)
  }

  @Test("18, logcabin#160: entries are taken behind an entry of another term")
  func previousTermNotChecked() {
    expectFound(.previousTermNotChecked) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.say(.append(term: 2, after: .at(1, 1), [.entry(2, term: 2)]), from: "a", to: "b")
      cluster.say(.append(term: 3, after: .at(2, 3), [.entry(3, term: 3)]), from: "c", to: "b")
      let log = cluster.log(of: "b")
      return cluster.violations + (log == "1@1 2@2" ? [] : ["b has \(log)"])
    }
  }

  @Test("18, logcabin#160: batches that leave a gap are not taken")
  func gap() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    let gap: [RecordBatch] = [.entry(2, term: 2), .entry(4, term: 2)]
    cluster.say(.append(term: 2, after: .at(1, 1), gap), from: "a", to: "b")
    cluster.say(.append(term: 2, after: .at(1, 1), [.entry(3, term: 2)]), from: "a", to: "b")
    cluster.say(.append(term: 2, after: .at(5, 2), [.entry(6, term: 2)]), from: "a", to: "b")
    #expect(cluster.log(of: "b") == "1@1")
  }

  @Test("19, nats-server#8290: a vote is answered after a write error, before it is on the disk")
  func voteAfterWriteError() {
    expectFound(.voteAfterWriteError) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.nodes["c"]?.isDiskFull = true
      cluster.say(.append(term: 2, after: .at(1, 1), [.entry(2, term: 2)]), from: "a", to: "c")
      cluster.nodes["c"]?.isDiskSlow = true
      cluster.say(.vote(term: 3, last: .at(2, 2), isTransfer: true), from: "b", to: "c")
      return cluster.violations
    }
  }

  @Test("20, thesis §6.2: a leader that nobody answers leads on")
  func noCheckQuorum() {
    expectFound(.noCheckQuorum) { settings in
      var cluster = TestCluster(voters: ["a", "b", "c"], settings: settings)
      cluster.elect("a")
      // Its heartbeats arrive, so nobody else asks for votes.
      cluster.isCut = { $0.isTo("a") }
      cluster.run(for: .seconds(10))
      let leader = ["b", "c"].first { cluster.role(of: $0) == .leader }
      return cluster.violations + (leader != nil ? [] : ["a is deaf, and nobody else leads"])
    }
  }

  @Test("20, thesis §9.6: a server that comes back from a partition of one ends no term")
  func preVote() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.isolate("c")
    cluster.run(for: .seconds(20))
    cluster.heal()
    cluster.run(for: .seconds(5))
    #expect(["a", "b", "c"].map { cluster.term(of: $0) } == [2, 2, 2])
    #expect(cluster.role(of: "a") == .leader)
  }
}
