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

  @Test("a node that follows a leader begins no cluster of its own")
  func bootstrapOfALearner() {
    var cluster = TestCluster()
    cluster.start("b", disk: TestDisk())
    cluster.say(.heartbeat(term: 3), from: "a", to: "b")
    cluster.step("b", .bootstrap(clusterID: "other", address: "b:8400", cluster.makeRequest()))
    #expect(cluster.answers(of: "b") == ["request 1 refused: alreadyBootstrapped"])
    #expect(cluster.log(of: "b") == "")
  }
}
