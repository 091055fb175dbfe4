import CommitLog
import Testing

@testable import Logd
@testable import Raft

/// What a leader does next for a node that asks to join.
@Suite struct JoinPlanTests {
  private static func peer(_ name: String, _ life: UInt64 = 1) -> Peer {
    Peer(id: NodeID(name), incarnation: LogIncarnation(high: 0, low: life))
  }

  private static func member(_ name: String, _ role: Member.Role = .voter, life: UInt64 = 1) -> Member {
    Member(peer: peer(name, life), address: "\(name):8400", role: role)
  }

  private static func leader(
    _ members: [Member] = [], isCommitted: Bool = true, hasCommittedInTerm: Bool = true, transfersTo: String? = nil,
    absent: Set<String> = []
  ) -> NodeStatus {
    .make(
      peer("a"), address: "a:8400",
      configuration: Raft.Configuration(clusterID: "alpha", members: [member("a"), member("b")] + members),
      leader: peer("a"), isCommitted: isCommitted, hasCommittedInTerm: hasCommittedInTerm,
      transferTarget: transfersTo.map { peer($0) }, absent: absent)
  }

  private static func request(
    _ name: String = "n", life: UInt64 = 1, address: String? = nil, role: Member.Role = .voter,
    clusterID: String? = nil, wasMember: Bool = false
  ) -> JoinRequest {
    JoinRequest(
      peer: peer(name, life), address: address ?? "\(name):8400", role: role, clusterID: clusterID,
      wasMember: wasMember)
  }

  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var request: JoinRequest
    var status: NodeStatus
    var plan: JoinPlan

    init(_ text: String, _ request: JoinRequest, _ status: NodeStatus, _ plan: JoinPlan) {
      testDescription = text
      self.request = request
      self.status = status
      self.plan = plan
    }
  }

  private static let crowd = (0..<30).map { member("m\($0)", .learner) }

  static let cases: [Case] = [
    Case("a new node is added", request(), leader(), .change(.addLearner(peer("n"), address: "n:8400"))),
    Case(
      "a node of this cluster that was never a member, too", request(clusterID: "alpha"), leader(),
      .change(.addLearner(peer("n"), address: "n:8400"))),
    Case("a learner is promoted", request(), leader([member("n", .learner)]), .change(.promote(NodeID("n")))),
    Case("a voter is done", request(wasMember: true), leader([member("n")]), .done),
    Case("a learner that is to be one is done", request(role: .learner), leader([member("n", .learner)]), .done),
    Case("a voter is not demoted", request(role: .learner), leader([member("n")]), .done),
    Case(
      "an address comes before a promotion", request(address: "n:9"), leader([member("n", .learner)]),
      .change(.setAddress(NodeID("n"), "n:9"))),
    Case(
      "the leader itself may move", request("a", address: "a:9"), leader(), .change(.setAddress(NodeID("a"), "a:9"))),
    Case(
      "an earlier life is removed", request(life: 2), leader([member("n")], absent: ["n"]),
      .change(.remove(NodeID("n")))),
    Case(
      "but not one that lives", request(life: 2), leader([member("n")]), .wait(.nameInUse(member("n")))),
    Case("least of all the leader", request("a", life: 2), leader(), .wait(.nameInUse(member("a")))),
    Case(
      "an earlier life does not drive out a later one", request(wasMember: true),
      leader([member("n", life: 2)], absent: ["n"]), .refused(.removed(NodeID("n")))),
    Case("who was removed does not come back", request(wasMember: true), leader(), .refused(.removed(NodeID("n")))),
    Case(
      "a node of another cluster is refused", request(clusterID: "beta"), leader([member("n")]),
      .refused(.wrongCluster(asked: "beta", is: "alpha"))),
    Case(
      "there is room for a last one", request(), leader(Array(crowd.dropLast())),
      .change(.addLearner(peer("n"), address: "n:8400"))),
    Case("and for no more", request(), leader(crowd), .refused(.change(.tooManyMembers))),
    Case("one change at a time", request(), leader(isCommitted: false), .wait(.change)),
    Case("what is not committed is not done", request(), leader([member("n")], isCommitted: false), .wait(.change)),
    Case("not before the first commit of the term", request(), leader(hasCommittedInTerm: false), .wait(.change)),
    Case("not during a transfer", request(), leader(transfersTo: "b"), .wait(.transfer(to: peer("b")))),
    Case("which does not matter where nothing is to be done", request("b"), leader(transfersTo: "b"), .done),
    Case(
      "another node names the leader", request(),
      .make(
        peer("b"), address: "b:8400",
        configuration: Raft.Configuration(clusterID: "alpha", members: [member("a"), member("b")]), leader: peer("a")),
      .refused(.change(.notLeader(hint: peer("a"))))),
    Case(
      "a node in no cluster knows nobody", request(),
      .make(peer("b"), address: "b:8400", configuration: nil, leader: nil), .refused(.change(.notLeader(hint: nil)))),
  ]

  @Test("one step for each question", arguments: cases)
  func next(_ example: Case) {
    #expect(JoinPlan.next(example.request, status: example.status) == example.plan)
  }

  @Test(
    "a refusal that passes by itself is waited for",
    arguments: [
      (.changeInProgress, .wait(.change)), (.transferring(to: peer("b")), .wait(.transfer(to: peer("b")))),
      (.notCaughtUp(NodeID("n"), missing: 7), .wait(.log(missing: 7))),
      (.noQuorum(active: 1, needed: 2), .refused(.change(.noQuorum(active: 1, needed: 2)))),
      (.lostLeadership, .refused(.change(.lostLeadership))),
    ] as [(ChangeRefusal, JoinPlan)])
  func after(refusal: ChangeRefusal, plan: JoinPlan) {
    #expect(JoinPlan.after(refusal) == plan)
  }

  @Test("what is waited for is said")
  func texts() {
    #expect("\(JoinWait.log(missing: 812))".hasPrefix("it lacks 812 entries of the log"))
    #expect(
      "\(JoinWait.nameInUse(Self.member("n")))".contains("another node named n is a member and answers (at n:8400"))
    #expect("\(JoinWait.transfer(to: Self.peer("b")))" == "leadership is being handed to b")
  }
}
