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
}
