import CommitLog
import ProgLogAPI
import RPCServer
import SwiftProtobuf
import Testing

@testable import Logd
@testable import Raft

/// What an administrator is told when something is not done.
@Suite struct AdminRefusalTests {
  private static let a = Peer(id: NodeID("a"), incarnation: LogIncarnation(high: 1, low: 2))
  private static let b = Peer(id: NodeID("b"), incarnation: LogIncarnation(high: 3, low: 4))
  private static let status = NodeStatus.make(
    a, address: "a:1",
    configuration: Raft.Configuration(
      clusterID: "alpha",
      members: [
        Member(peer: a, address: "a:1", role: .voter), Member(peer: b, address: "b:1", role: .learner),
      ]), leader: a)
  private static let alone = NodeStatus.make(a, address: "a:1", configuration: nil, leader: nil)

  struct Case: CustomTestStringConvertible, Sendable {
    var refusal: ChangeRefusal
    var status = AdminRefusalTests.status
    var code: RPCStatus.Code
    var reason: AdminReason
    var metadata: [String: String] = [:]
    var text: String

    var testDescription: String { "\(refusal)" }
  }

  static let cases: [Case] = [
    Case(
      refusal: .notLeader(hint: b), code: .failedPrecondition, reason: .notLeader,
      metadata: ["leader_id": "b", "leader_rpc_addr": "b:1"], text: "this node is not the leader; ask b at b:1"),
    Case(
      refusal: .notLeader(hint: b), status: alone, code: .failedPrecondition, reason: .notLeader,
      metadata: ["leader_id": "b"], text: "ask b"),
    Case(
      refusal: .notLeader(hint: nil), code: .failedPrecondition, reason: .notLeader,
      text: "is not the leader and knows of none"),
    Case(refusal: .changeInProgress, code: .unavailable, reason: .changeInProgress, text: "try again in a moment"),
    Case(
      refusal: .transferring(to: b), code: .unavailable, reason: .transferring, metadata: ["id": "b"],
      text: "leadership is being handed to b"),
    Case(
      refusal: .unknownMember(NodeID("x")), code: .notFound, reason: .unknownMember, metadata: ["id": "x"],
      text: "there is no member x: the members are a, b"),
    Case(
      refusal: .alreadyMember(Member(peer: b, address: "b:1", role: .learner)), code: .alreadyExists,
      reason: .alreadyMember, metadata: ["id": "b", "incarnation": "00000000000000030000000000000004"],
      text: "b is a member already: a learner at b:1, incarnation 00000000000000030000000000000004"),
    Case(
      refusal: .tooManyMembers, code: .failedPrecondition, reason: .tooManyMembers,
      text: "the cluster has 32 members, which is the most; remove one first"),
    Case(
      refusal: .notLearner(NodeID("a")), code: .failedPrecondition, reason: .notLearner, metadata: ["id": "a"],
      text: "a is a voter, and only a learner is promoted"),
    Case(
      refusal: .notVoter(NodeID("b")), code: .failedPrecondition, reason: .notVoter, metadata: ["id": "b"],
      text: "b is a learner, and only a voter leads"),
    Case(
      refusal: .notCaughtUp(NodeID("b"), missing: 5000), code: .unavailable, reason: .notCaughtUp,
      metadata: ["id": "b", "missing": "5000"], text: "b lacks 5000 entries of the log"),
    Case(
      refusal: .noQuorum(active: 1, needed: 2), code: .failedPrecondition, reason: .noQuorum,
      metadata: ["active": "1", "needed": "2"],
      text: "of the voters that there would be, 1 answers, and 2 are needed to commit anything"),
    Case(refusal: .lastVoter, code: .failedPrecondition, reason: .lastVoter, text: "it is the only voter"),
    Case(
      refusal: .transferTimedOut, code: .deadlineExceeded, reason: .transferTimedOut,
      text: "did not take over within an election time-out"),
    Case(
      refusal: .alreadyBootstrapped, code: .alreadyExists, reason: .alreadyBootstrapped,
      metadata: ["cluster_id": "alpha"], text: "this node is in cluster alpha already"),
    Case(
      refusal: .alreadyBootstrapped, status: alone, code: .failedPrecondition, reason: .alreadyBootstrapped,
      text: "use an empty data directory"),
    Case(refusal: .lostLeadership, code: .aborted, reason: .lostLeadership, text: "whether it is done is not known"),
  ]

  @Test("each refusal has its code, its reason, what a program needs and what a person does", arguments: cases)
  func refusals(_ example: Case) throws {
    try check(RPCStatus(example.refusal, example.status), example.code, example.reason, example.metadata, example.text)
  }

  @Test("every reason of a core has been seen")
  func complete() {
    let others: Set<AdminReason> = [.wrongCluster, .invalidField, .noCluster, .hasLeader, .logMoved, .noSpace]
    #expect(Set(Self.cases.map(\.reason)).union(others) == Set(AdminReason.allCases))
  }

  @Test("a node that does not become a member is told why")
  func joins() throws {
    try check(
      RPCStatus(JoinRefusal.wrongCluster(asked: "beta", is: "alpha"), Self.status), .failedPrecondition, .wrongCluster,
      ["cluster_id": "alpha"], "the node was in cluster beta, and this one is alpha")
    try check(
      RPCStatus(JoinRefusal.removed(NodeID("n")), Self.status), .notFound, .unknownMember, ["id": "n"],
      "n was removed from the cluster")
    try check(
      RPCStatus(JoinRefusal.change(.lastVoter), Self.status), .failedPrecondition, .lastVoter, [:], "the only voter")
  }

  private func check(
    _ status: RPCStatus, _ code: RPCStatus.Code, _ reason: AdminReason, _ metadata: [String: String], _ text: String
  ) throws {
    #expect(status.code == code)
    #expect(status.message.contains(text), "\(status.message)")
    let details = try Google_Rpc_Status(serializedBytes: status.details).details
    let info = try Google_Rpc_ErrorInfo(unpackingAny: try #require(details.first))
    #expect(info.domain == "proglog.io")
    #expect(info.reason == reason.rawValue)
    #expect(info.metadata == metadata)
  }
}
