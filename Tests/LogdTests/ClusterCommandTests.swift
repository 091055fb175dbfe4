import CommitLog
import ProgLogAPI
import ProgLogClient
import Synchronization
import Testing

@testable import Logctl
@testable import Logd
@testable import Raft

/// What `logctl cluster` does, against real admin services.
@Suite("logctl cluster", .timeLimit(.minutes(1))) struct ClusterCommandTests {
  private let said = Said()

  private final class Said: Sendable {
    private let mutex = Mutex<[String]>([])

    var lines: [String] { mutex.withLock { $0 } }

    func add(_ line: String) { mutex.withLock { $0.append(line) } }
  }

  private func change(_ seeds: [NodeAddress]) -> ClusterChange {
    ClusterChange(
      seeds: seeds, timeout: .seconds(30), progress: WaitProgress(isTerminal: false) { [said] in said.add($0) })
  }

  private func newcomer(_ argument: String) throws -> ClusterChange.Newcomer {
    try ClusterChange.Newcomer(argument: argument)
  }

  @Test("the leader is found by way of nodes that are down, in no cluster, or follow")
  func findsLeader() async throws {
    try await FakeCluster.with { cluster in
      let members = try await cluster.start(leader: "a", voters: ["b", "c"])
      let stranger = try await cluster.start("x")
      let change = change([try NodeAddress(parsing: "127.0.0.1:1"), try stranger.seed, try members[1].seed])
      #expect(try await change.remove("c") == "c is no member any more; the members are a, b")
      #expect(try await change.transferLeadership(to: "b") == "b leads")
      #expect(try await change.transferLeadership(to: nil) == "a leads")
      #expect(try await change.demote("b") == "b is a learner")
    }
  }

  @Test("a node is added by its address, and is asked who it is")
  func adds() async throws {
    try await FakeCluster.with { cluster in
      let leader = try await cluster.start(leader: "a")[0]
      let node = try await cluster.start("c")
      let change = change([try leader.seed])
      let added = try await change.add(newcomer(node.address))
      #expect(added.name == "c" && added.outcome == "c is a learner at \(node.address)")
      // Once more is no mistake, by name neither.
      #expect(try await change.add(newcomer("c=\(node.address)")).outcome == added.outcome)
      #expect(cluster.state.changes == [.addLearner(node.peer, address: node.address)])
      #expect(try await change.promote("c", wait: .zero) == "c is a voter")
      #expect(try await change.promote("c", wait: .zero) == "c is a voter")
      #expect(try await change.add(newcomer(node.address)).outcome == "c is a voter at \(node.address)")
    }
  }

  @Test("a node that is another, or of another cluster, is not added")
  func refusesNodes() async throws {
    try await FakeCluster.with { cluster in
      let leader = try await cluster.start(leader: "a", voters: ["b"])[0]
      let change = change([try leader.seed])
      let node = try await cluster.start("c")
      await #expect(throws: ClusterRefusal(description: "the node at \(node.address) is called c, not d")) {
        _ = try await change.add(newcomer("d=\(node.address)"))
      }
      node.remembers = Raft.Configuration(clusterID: "beta")
      await #expect {
        _ = try await change.add(newcomer(node.address))
      } throws: {
        "\($0)".hasPrefix("c was in cluster beta, and this one is alpha")
      }
      let wiped = try await cluster.start("b", incarnation: 2)
      let error = await #expect(throws: AdminError.self) { _ = try await change.add(newcomer(wiped.address)) }
      #expect(error?.reason == .alreadyMember)
      #expect(error?.description.contains("if that is an earlier life of the node, remove it first") == true)
      #expect(cluster.state.changes.isEmpty)
    }
  }

  @Test("a learner that lags is waited for as long as was asked, and what it lacks is told")
  func waits() async throws {
    try await FakeCluster.with { cluster in
      let leader = try await cluster.start(leader: "a", learners: ["b"])[0]
      let change = change([try leader.seed])
      cluster.update { $0.refusals = [.notCaughtUp(NodeID("b"), missing: 4321)] }
      let error = await #expect(throws: AdminError.self) { _ = try await change.promote("b", wait: .zero) }
      #expect(error?.reason == .notCaughtUp)
      #expect(said.lines == [])
      cluster.update { $0.refusals = [.changeInProgress, .notCaughtUp(NodeID("b"), missing: 17)] }
      #expect(try await change.promote("b", wait: .seconds(50)) == "b is a voter")
      #expect(said.lines == ["logctl: waiting for b to catch up: it lacks 17 entries\n"])
    }
  }

  @Test("what was refused for good is not asked again, and what may be done is said to be open")
  func refusals() async throws {
    try await FakeCluster.with { cluster in
      let leader = try await cluster.start(leader: "a", voters: ["b"])[0]
      let change = change([try leader.seed])
      cluster.update { $0.refusals = [.noQuorum(active: 1, needed: 2), .lostLeadership] }
      let refused = await #expect(throws: AdminError.self) { _ = try await change.remove("b") }
      #expect(refused?.reason == .noQuorum && refused.map { FailureCode($0) } == .other)
      let open = await #expect(throws: AdminError.self) { _ = try await change.remove("b") }
      #expect(open.map { FailureCode($0) } == .outcomeUnknown)
      #expect(open?.description.hasPrefix("it may or may not have been done: ") == true)
      #expect(cluster.state.refusals.isEmpty && cluster.state.changes.isEmpty)
    }
  }

  @Test("a cluster begins with the one node that was named")
  func bootstraps() async throws {
    try await FakeCluster.with { cluster in
      let nodes = [try await cluster.start("a"), try await cluster.start("b")]
      let seeds = try nodes.map { try $0.seed }
      await #expect(throws: ClusterRefusal.self) {
        _ = try await ClusterBootstrapCommand.bootstrap(seeds: seeds, clusterID: nil, timeout: .seconds(30))
      }
      let id = try await ClusterBootstrapCommand.bootstrap(
        seeds: [seeds[0]], clusterID: "alpha", timeout: .seconds(30))
      #expect(id == "alpha" && cluster.state.leader == nodes[0].peer)
    }
  }

  @Test("the status is that of all members, whichever of them was asked")
  func status() async throws {
    try await FakeCluster.with { cluster in
      let members = try await cluster.start(leader: "a", voters: ["b"], learners: ["c"])
      cluster.update { $0.lags = ["c": 2000] }
      cluster.update { $0.nodesWithoutRoom = ["b"] }
      let stranger = try await cluster.start("x")
      let view = try await ClusterStatusCommand.view(
        seeds: [members[1].seed, stranger.seed], timeout: .seconds(30))
      #expect(view.clusterID == "alpha" && view.leader == "a" && view.term == 3 && view.isWorking)
      #expect(view.rows.map(\.name) == ["a", "b", "c", "x"])
      #expect(view.rows.map(\.state) == [.leader, .follower, .follower, .follower])
      #expect(view.rows.map(\.lag) == [0, 0, 2000, nil])
      #expect(view.rows.map(\.isLeader) == [true, false, false, false])
      #expect(
        view.problems == [
          "b has no room: its disk is full, or refuses to be written",
          "c lags: it lacks 2000 entries of the log",
          "x at \(stranger.address) is in no cluster: add it by 'logctl cluster add \(stranger.address)'",
        ])
    }
  }

  @Test("when nobody answers, it is said of the first")
  func nobody() async throws {
    let seeds = [try NodeAddress(parsing: "127.0.0.1:1"), try NodeAddress(parsing: "127.0.0.1:2")]
    let error = await #expect(throws: AdminError.self) {
      _ = try await ClusterStatusCommand.view(seeds: seeds, timeout: .seconds(60), connectionTimeout: .seconds(60))
    }
    #expect(error.map { FailureCode($0) } == .unreachable)
    #expect(error?.description == "cannot reach 127.0.0.1:1: connection refused: is logd running there?")
  }
}
