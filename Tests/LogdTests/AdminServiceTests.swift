import CommitLog
import NIOCore
import NIOPosix
import ProgLogAPI
import ProgLogClient
import Testing

@testable import Logd
@testable import Raft

/// The admin API as its client sees it, on real connections.
@Suite(.timeLimit(.minutes(1))) struct AdminServiceTests {
  private let client = AdminClient(timeout: .seconds(60), connectionTimeout: .seconds(60))

  private static let life = "00000000000000000000000000000001"

  private func refusal(_ call: () async throws -> Void) async -> AdminError? {
    await #expect(throws: AdminError.self) { try await call() }
  }

  @Test("every node tells what it knows; how far the others are, the leader")
  func status() async throws {
    try await FakeCluster.with { cluster in
      let nodes = try await cluster.start(leader: "a", voters: ["b"], learners: ["c"])
      cluster.update { $0.lags = ["c": 40] }
      cluster.update { $0.absent = ["b"] }
      let report = try await client.status(of: nodes[0].seed)
      #expect(report.identity == NodeIdentity(name: "a", incarnation: Self.life))
      #expect(report.address == nodes[0].address && report.clusterID == "alpha")
      #expect(report.state == .leader && report.term == 3 && report.leaderName == "a")
      #expect(report.leaderAddress == nodes[0].address)
      #expect([report.firstIndex, report.lastIndex, report.flushedIndex, report.commitIndex] == [1, 5000, 5000, 5000])
      #expect(report.lastTerm == 3)
      #expect(report.startOffset == 0 && report.endOffset == 5000)
      #expect(report.configurationIndex == 7 && report.isConfigurationCommitted && report.hasRoom)
      #expect(report.members.map(\.identity.name) == ["a", "b", "c"])
      #expect(report.members.map(\.role) == [.voter, .voter, .learner])
      #expect(report.members.map(\.isLeader) == [true, false, false])
      #expect(report.members[0].progress == nil && report.members[1].progress?.isActive == false)
      #expect(
        report.members[2].progress
          == MemberProgress(matchIndex: 4960, lag: 40, inflightBytes: 0, isActive: true, isReplicating: true))
      let follower = try await client.status(of: nodes[1].seed)
      #expect(follower.state == .follower && follower.leaderAddress == nodes[0].address)
      #expect(follower.members.allSatisfy { $0.progress == nil })
      let stranger = try await client.status(of: try await cluster.start("d").seed)
      #expect(stranger.clusterID == nil && stranger.members.isEmpty && stranger.leaderName == nil)
    }
  }

  @Test("a node tells which certificates it goes by, and that it has none")
  func fingerprints() async throws {
    try await FakeCluster.with { cluster in
      let plaintext = try await client.status(of: try await cluster.start("a").seed)
      #expect(plaintext.tls == nil)
      let secure = try await cluster.start(
        "b",
        fingerprints: NodeFingerprints(
          server: .init(certificate: "5e", authorities: ["0a", "0b"]),
          peer: .init(certificate: "9e", authorities: ["0c"])))
      let report = try await client.status(of: secure.seed)
      #expect(
        report.tls
          == NodeTLSReport(
            peerAuthorities: ["0c"], serverAuthorities: ["0a", "0b"], peerCertificate: "9e", serverCertificate: "5e"))
    }
  }

  @Test("members are added, promoted, demoted and removed, and the answer is who they are then")
  func changes() async throws {
    try await FakeCluster.with { cluster in
      let nodes = try await cluster.start(leader: "a", voters: ["b"])
      let leader = try nodes[0].seed
      let identity = NodeIdentity(name: "c", incarnation: Self.life)
      let added = try await client.add(identity, memberAddress: "c:1", at: leader)
      #expect(
        added.last == ClusterMember(identity: identity, address: "c:1", role: .learner, progress: added.last?.progress))
      #expect(try await client.promote("c", at: leader).last?.role == .voter)
      #expect(try await client.demote("c", at: leader).last?.role == .learner)
      #expect(try await client.remove("c", at: leader).map(\.identity.name) == ["a", "b"])
      #expect(try await client.transferLeadership(to: "a", at: leader) == "a")
      #expect(try await client.transferLeadership(to: nil, at: leader) == "b")
      #expect(cluster.state.leader == nodes[1].peer)
    }
  }

  @Test("a node that does not lead names the one that does")
  func notLeader() async throws {
    try await FakeCluster.with { cluster in
      let nodes = try await cluster.start(leader: "a", voters: ["b"])
      let asked = nodes[1].address
      let error = await refusal { _ = try await client.remove("a", at: nodes[1].seed) }
      #expect(error == .notLeader(address: asked, leader: .init(name: "a", address: nodes[0].address)))
      #expect(error?.description == "\(asked) is not the leader: ask a at \(nodes[0].address)")
      let stranger = try await cluster.start("c")
      let none = await refusal { _ = try await client.remove("a", at: stranger.seed) }
      #expect(none == .notLeader(address: stranger.address, leader: nil))
    }
  }

  @Test("what passes by itself, and what may be done, is told apart from what was refused")
  func kinds() async throws {
    try await FakeCluster.with { cluster in
      let nodes = try await cluster.start(leader: "a", voters: ["b"])
      cluster.update { $0.refusals = [.changeInProgress, .noQuorum(active: 1, needed: 2), .lostLeadership] }
      let busy = await refusal { _ = try await client.remove("b", at: nodes[0].seed) }
      #expect(busy?.reason == .changeInProgress && busy?.mayPass == true)
      let refused = await refusal { _ = try await client.remove("b", at: nodes[0].seed) }
      #expect(refused?.reason == .noQuorum && refused?.mayPass == false)
      let lost = await refusal { _ = try await client.remove("b", at: nodes[0].seed) }
      guard case .outcomeUnknown = lost else {
        Issue.record("\(String(describing: lost))")
        return
      }
      let unreachable = await refusal { _ = try await client.remove("b", at: NodeAddress(parsing: "127.0.0.1:1")) }
      guard case .failed(.unreachable) = unreachable else {
        Issue.record("\(String(describing: unreachable))")
        return
      }
    }
  }

  @Test("a node that is connected to and says nothing does not use up the time of the others")
  func silentNode() async throws {
    try await FakeCluster.with { cluster in
      let leader = try await cluster.start(leader: "a", voters: ["b"])[0].seed
      let silent = try await ServerBootstrap(group: cluster.loops).bind(host: "127.0.0.1", port: 0).get()
      let seed = try NodeAddress(parsing: "127.0.0.1:\(silent.localAddress?.port ?? 0)")
      let call = LeaderCall(seeds: [seed, leader], timeout: .seconds(50), connectionTimeout: .milliseconds(20))
      // On a busy machine, a connection that is made may take longer than that.
      let members = try await call { client, address in
        var client = client
        if address == leader { client.connectionTimeout = .seconds(30) }
        return try await client.remove("b", at: address)
      }
      #expect(members.map(\.identity.name) == ["a"])
      let error = await refusal {
        _ = try await AdminClient(timeout: .seconds(50), connectionTimeout: .milliseconds(20)).status(of: seed)
      }
      #expect(error == .failed(.unreachable(address: seed.description, cause: "no connection within 0.02 seconds")))
      try await silent.close()
    }
  }

  @Test("a cluster begins once, and a second call for the same one finds it")
  func bootstrap() async throws {
    try await FakeCluster.with { cluster in
      let node = try await cluster.start("a")
      #expect(try await client.bootstrap(node.seed, clusterID: "alpha") == "alpha")
      #expect(try await client.bootstrap(node.seed, clusterID: "alpha") == "alpha")
      let error = await refusal { _ = try await client.bootstrap(node.seed, clusterID: nil) }
      #expect(error?.reason == .alreadyBootstrapped)
      #expect(error?.description.contains("this node is in cluster alpha already") == true)
    }
    try await FakeCluster.with { cluster in
      let id = try await client.bootstrap(try await cluster.start("a").seed, clusterID: nil)
      #expect(id.utf8.count == 32 && cluster.state.configuration?.clusterID == id)
    }
  }

  @Test(
    "fields that make no sense are named",
    arguments: [
      ("node.id", NodeIdentity(name: "", incarnation: life), "c:1"),
      ("node.id", NodeIdentity(name: "a b", incarnation: life), "c:1"),
      ("node.id", NodeIdentity(name: String(repeating: "x", count: 254), incarnation: life), "c:1"),
      ("node.incarnation", NodeIdentity(name: "c", incarnation: ""), "c:1"),
      ("node.incarnation", NodeIdentity(name: "c", incarnation: "+0000000000000000000000000000001"), "c:1"),
      ("node.incarnation", NodeIdentity(name: "c", incarnation: life + "0"), "c:1"),
      ("rpc_addr", NodeIdentity(name: "c", incarnation: life), ""),
      ("rpc_addr", NodeIdentity(name: "c", incarnation: life), "c"),
      ("rpc_addr", NodeIdentity(name: "c", incarnation: life), "c:0"),
      ("rpc_addr", NodeIdentity(name: "c", incarnation: life), "0.0.0.0:8400"),
      ("rpc_addr", NodeIdentity(name: "c", incarnation: life), "[::]:8400"),
    ])
  func fields(field: String, node: NodeIdentity, address: String) async throws {
    try await FakeCluster.with { cluster in
      let leader = try await cluster.start(leader: "a")[0]
      let error = await refusal { _ = try await client.add(node, memberAddress: address, at: leader.seed) }
      guard case .refused(let refusal) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(refusal.code == "INVALID_ARGUMENT" && refusal.metadata == ["field": field])
      #expect(refusal.message.hasPrefix("\(field): "))
      let question = JoinQuestion(identity: node, address: address, role: .voter, clusterID: nil, wasMember: false)
      let join = await self.refusal { _ = try await client.join(question, at: leader.seed) }
      #expect(join?.reason == .invalidField)
      #expect(cluster.state.changes.isEmpty)
    }
  }

  @Test("names and cluster ids are looked at, too")
  func names() async throws {
    try await FakeCluster.with { cluster in
      let leader = try await cluster.start(leader: "a")[0].seed
      #expect(await refusal { _ = try await client.promote("", at: leader) }?.reason == .invalidField)
      #expect(await refusal { _ = try await client.demote("a/b", at: leader) }?.reason == .invalidField)
      #expect(await refusal { _ = try await client.remove("ä", at: leader) }?.reason == .invalidField)
      #expect(await refusal { _ = try await client.transferLeadership(to: " ", at: leader) }?.reason == .invalidField)
      #expect(await refusal { _ = try await client.bootstrap(leader, clusterID: "a b") }?.reason == .invalidField)
    }
  }

  @Test("a node joins step by step")
  func join() async throws {
    try await FakeCluster.with { cluster in
      let leader = try await cluster.start(leader: "a", voters: ["b"])[0].seed
      cluster.update { $0.lags = ["c": 12] }
      var question = JoinQuestion(
        identity: NodeIdentity(name: "c", incarnation: Self.life), address: "c:1", role: .voter, clusterID: nil,
        wasMember: false)
      #expect(
        try await client.join(question, at: leader) == JoinAnswer(step: .changed, clusterID: "alpha", role: .learner))
      let waiting = try await client.join(question, at: leader)
      guard case .wait(let reason) = waiting.step else {
        Issue.record("\(waiting)")
        return
      }
      #expect(reason.hasPrefix("it lacks 12 entries") && waiting.role == .learner)
      cluster.update { $0.lags = [:] }
      #expect(
        try await client.join(question, at: leader) == JoinAnswer(step: .changed, clusterID: "alpha", role: .voter))
      #expect(
        try await client.join(question, at: leader) == JoinAnswer(step: .done, clusterID: "alpha", role: .voter))
      _ = try await client.remove("c", at: leader)
      question.wasMember = true
      #expect(await refusal { _ = try await client.join(question, at: leader) }?.reason == .unknownMember)
      question.clusterID = "beta"
      #expect(await refusal { _ = try await client.join(question, at: leader) }?.reason == .wrongCluster)
    }
  }

  @Test("an incarnation is 32 digits, with or without a UUID's hyphens")
  func incarnations() {
    let incarnation = LogIncarnation(high: 0x0123_4567_89AB_4DEF, low: 0x8000_0000_0000_0001)
    #expect(incarnation.hexadecimal == "0123456789ab4def8000000000000001")
    #expect(LogIncarnation(hexadecimal: incarnation.hexadecimal) == incarnation)
    #expect(LogIncarnation(hexadecimal: incarnation.hexadecimal.uppercased()) == incarnation)
    #expect(LogIncarnation(hexadecimal: incarnation.description) == incarnation)
  }
}
