import CommitLog
import Testing

@testable import Logd
@testable import Raft

/// What a leader does about the nodes that it sees in gossip.
@Suite struct DiscoveryTests {
  private static func peer(_ name: String, _ life: UInt64 = 1) -> Peer {
    Peer(id: NodeID(name), incarnation: LogIncarnation(high: 0, low: life))
  }

  private static func member(_ name: String, _ role: Member.Role = .voter) -> Member {
    Member(peer: peer(name), address: "\(name):8400", role: role)
  }

  private static func status(
    of name: String = "a", leader: String = "a", _ members: [Member] = [], isCommitted: Bool = true,
    absent: Set<String> = []
  ) -> NodeStatus {
    .make(
      peer(name), address: "\(name):8400",
      configuration: Raft.Configuration(clusterID: "alpha", members: [member("a"), member("b")] + members),
      leader: peer(leader), isCommitted: isCommitted, hasCommittedInTerm: true, transferTarget: nil, absent: absent)
  }

  private static func seen(
    _ name: String, life: UInt64 = 1, wasMember: Bool = false, cluster: String? = nil
  ) -> JoinRequest {
    JoinRequest(
      peer: peer(name, life), address: "\(name):8400", role: .voter, clusterID: cluster, wasMember: wasMember)
  }

  @Test("a follower does nothing")
  func follower() {
    #expect(Discovery.look(at: [Self.seen("n")], Self.status(of: "b")) == .init())
  }

  @Test("members who are not seen stay, and so do all when only the leader sees itself")
  func absent() {
    #expect(Discovery.look(at: [], Self.status(absent: ["b"])) == .init())
    #expect(Discovery.look(at: [Self.seen("a")], Self.status(absent: ["b"])) == .init())
  }

  @Test("one change at a time, in the order of names, until all are voters")
  func order() {
    let nodes = ["n", "m"].map { Self.seen($0) }
    let added = Discovery.look(at: nodes, Self.status())
    #expect(added.change?.change == .addLearner(Self.peer("m"), address: "m:8400"))
    let promoted = Discovery.look(at: nodes, Self.status([Self.member("m", .learner)]))
    #expect(promoted.change?.change == .promote(NodeID("m")))
    let next = Discovery.look(at: nodes, Self.status([Self.member("m")]))
    #expect(next.change?.change == .addLearner(Self.peer("n"), address: "n:8400"))
    #expect(Discovery.look(at: nodes, Self.status([Self.member("m"), Self.member("n")])) == .init())
  }

  @Test("what is not committed yet is waited for")
  func waits() {
    let outcome = Discovery.look(at: [Self.seen("n")], Self.status(isCommitted: false))
    #expect(outcome == .init(findings: [.init(peer: Self.peer("n"), plan: .wait(.change))]))
  }

  @Test("a node that was removed is not added again because it is there, and one of another cluster never")
  func notAdded() {
    let outcome = Discovery.look(
      at: [Self.seen("m", wasMember: true, cluster: "alpha"), Self.seen("n", cluster: "beta")], Self.status())
    #expect(
      outcome
        == .init(findings: [
          .init(peer: Self.peer("m"), plan: .refused(.removed(NodeID("m")))),
          .init(peer: Self.peer("n"), plan: .refused(.wrongCluster(asked: "beta", is: "alpha"))),
        ]))
  }

  @Test("a member that came back with an empty disk is removed first, and added as a learner then")
  func replaced() {
    let removed = Discovery.look(at: [Self.seen("b", life: 2)], Self.status(absent: ["b"]))
    #expect(removed.change?.change == .remove(NodeID("b")))
    let twin = Discovery.look(at: [Self.seen("b", life: 2)], Self.status())
    #expect(twin == .init(findings: [.init(peer: Self.peer("b", 2), plan: .wait(.nameInUse(Self.member("b"))))]))
  }

  @Test("what a node says of itself comes back from its tags", arguments: [nil, "alpha"])
  func tags(cluster: String?) {
    let request = Self.seen("n", wasMember: cluster != nil, cluster: cluster)
    let tags = MemberTags(request).encoded
    #expect(tags["id"] == "n" && tags["rpc_addr"] == "n:8400" && tags["role"] == "voter")
    #expect(MemberTags(tags)?.request == request)
  }

  @Test(
    "tags that are not a node's are nobody's",
    arguments: [
      [:], ["id": "n"], ["role": "load-balancer"], ["id": ""], ["id": "a b"], ["life": "xyz"], ["rpc_addr": "n"],
      ["rpc_addr": "n:0"], ["role": "king"], ["cluster": "not valid!"],
    ])
  func foreign(wrong: [String: String]) {
    var tags = MemberTags(Self.seen("n")).encoded
    if wrong.isEmpty { tags = [:] } else { tags.merge(wrong) { $1 } }
    if wrong == ["id": "n"] { tags = wrong }
    #expect(MemberTags(tags) == nil)
  }
}
