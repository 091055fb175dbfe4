import CommitLog
import Testing

@testable import Raft

/// What is left of a cluster goes on as another one.
@Suite("Raft: a new cluster by force")
struct ForceNewClusterTests {
  private func force(_ name: String, _ cluster: inout TestCluster) {
    cluster.step(name, .forceNewCluster(clusterID: "new", address: "\(name):1", cluster.makeRequest()))
  }

  @Test("the one that is left leads alone, in a later term and with all that it has, committed before or not")
  func alone() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.propose("x", at: "a")
    cluster.deliver()
    // b gets another entry, and does not hear that it is committed.
    cluster.isolate("c")
    cluster.propose("y", at: "a")
    cluster.deliver { $0.isAppend }
    cluster.isolate("a", "c")
    cluster.run(for: .seconds(5))
    let term = cluster.term(of: "b")
    #expect(cluster["b"].status.role.leader == nil)
    force("b", &cluster)
    cluster.deliver()
    #expect(cluster.answers(of: "b").last?.hasSuffix("done") == true, "\(cluster.answers(of: "b"))")
    #expect(cluster.role(of: "b") == .leader && cluster.term(of: "b") == term + 1)
    let status = cluster["b"].status
    #expect(status.configuration?.configuration.clusterID == "new" && status.isConfigurationCommitted)
    #expect(status.configuration?.configuration.voters == [TestCluster.peer("b")])
    #expect(status.followers == [] && status.commitIndex == status.lastIndex)
    #expect(cluster.values(of: "b").suffix(2) == ["x", "y"] || cluster.log(of: "b").contains("y"))
    cluster.propose("z", at: "b")
    cluster.deliver()
    #expect(cluster["b"].status.commitIndex == cluster["b"].status.lastIndex)
  }

  @Test("after a crash with the entry on the disk it leads again by itself")
  func restart() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.deliver()
    cluster.isolate("a", "c")
    cluster.run(for: .seconds(5))
    force("b", &cluster)
    cluster.restart("b")
    cluster.run(for: .seconds(2))
    #expect(cluster.role(of: "b") == .leader)
    #expect(cluster["b"].status.configuration?.configuration.clusterID == "new")
    #expect(cluster["b"].status.isConfigurationCommitted)
  }

  @Test("a learner that is left goes on, too")
  func learner() {
    var cluster = TestCluster(voters: ["a"], learners: ["b"])
    cluster.elect("a")
    cluster.propose("x", at: "a")
    cluster.deliver()
    cluster.isolate("a")
    cluster.run(for: .seconds(5))
    force("b", &cluster)
    cluster.deliver()
    #expect(cluster.role(of: "b") == .leader)
    #expect(cluster["b"].status.configuration?.configuration.voters == [TestCluster.peer("b")])
  }

  @Test("a node that leads, hears a leader, has no cluster or no room refuses")
  func refused() {
    var cluster = TestCluster(voters: ["a", "b", "c"])
    cluster.elect("a")
    cluster.deliver()
    for name in ["a", "b"] {
      let log = cluster.log(of: name)
      force(name, &cluster)
      #expect(cluster.answers(of: name).last?.hasSuffix("refused: changeInProgress") == true)
      #expect(cluster.log(of: name) == log)
    }
    var stranger = TestCluster()
    stranger.start("d", disk: TestDisk())
    force("d", &stranger)
    #expect(stranger.answers(of: "d").last?.hasSuffix("refused: changeInProgress") == true)
    #expect(stranger.log(of: "d") == "")
  }
}
