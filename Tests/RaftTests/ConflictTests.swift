import CommitLog
import Testing

@testable import Raft

@Suite("Raft: conflicts")
struct ConflictTests {
  /// Figure 7 of the paper: the leader's log, and those that may be found.
  @Test(
    "§5.3, figure 7: every follower's log becomes the leader's",
    arguments: [
      [1, 1, 1, 4, 4, 5, 5, 6, 6], [1, 1, 1, 4], [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7], [1, 1, 1, 4, 4, 4, 4], [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    ])
  func figure7(terms: [UInt64]) {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    guard let first = cluster.nodes["a"]?.disk.batches.first else { return }
    func disk(_ terms: [UInt64]) -> TestDisk {
      let rest = terms.enumerated().dropFirst().map { RecordBatch.entry(UInt64($0.offset + 1), term: $0.element) }
      return TestDisk(batches: [first] + rest, term: Term(7))
    }
    let leaderTerms: [UInt64] = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
    cluster.start("a", disk: disk(leaderTerms))
    cluster.start("b", disk: disk(terms))
    cluster.start("c", disk: disk(leaderTerms))
    cluster.isolate("b")
    cluster.elect("a")
    cluster.heal()
    cluster.run(for: .seconds(3))
    #expect(cluster.log(of: "b") == cluster.log(of: "a"))
    #expect(cluster.violations == [])
  }

  @Test("§5.3: terms are skipped, not indexes: a long wrong tail costs few questions")
  func backOff() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    let tail = (2..<200).map { RecordBatch.entry($0, term: 2) }
    cluster.say(.append(term: 2, after: .at(1, 1), tail), from: "c", to: "b")
    cluster.isolate("b")
    cluster.say(.heartbeat(term: 3), from: "c", to: "a")
    cluster.elect("a")
    for value in 0..<200 { cluster.propose("\(value)", at: "a") }
    cluster.deliver()
    cluster.restart("b")
    cluster.heal()
    cluster.clearTranscript()
    cluster.run(for: .seconds(5))
    #expect(cluster.log(of: "b") == cluster.log(of: "a"))
    #expect(cluster.transcript.count { $0.contains("rejected") } <= 2)
  }

  @Test("§5.3: what is here already is not cut off and not written again")
  func duplicate() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    let both: [RecordBatch] = [.entry(2, term: 2), .entry(3, term: 2)]
    cluster.say(.append(term: 2, after: .at(1, 1), both), from: "a", to: "b")
    let transcript = cluster.transcript { cluster in
      cluster.say(.append(term: 2, after: .at(1, 1), [both[0]]), from: "a", to: "b")
      cluster.say(.append(term: 2, after: .at(1, 1), both), from: "a", to: "b")
    }
    #expect(transcript == Array(repeating: "b: →a accepted term 2 matched 3 flushed 3", count: 2))
  }

  @Test("thesis §4.1, nats-server#8332: a configuration that is cut off is taken back")
  func configuration() {
    var cluster = TestCluster(voters: ["a", "b", "c"], learners: ["d"])
    cluster.elect("a")
    cluster.isolate("a")
    cluster.change(.promote(NodeID("d")), at: "a")
    cluster.deliver()
    #expect(cluster["a"].status.configuration?.configuration.description == "a b c d")
    cluster.elect("b")
    cluster.heal()
    cluster.run(for: .seconds(3))
    #expect(cluster["a"].status.configuration?.configuration.description == "a b c (d)")
    #expect(cluster.answers(of: "a") == ["request 1 refused: lostLeadership"])
  }
}
