import ProgLogClient
import Testing

@testable import Logctl

@Suite("logctl cluster status")
struct ClusterViewTests {
  private func member(
    _ name: String, _ role: ClusterMember.Role = .voter, isLeader: Bool = false, lag: UInt64? = nil,
    isActive: Bool = true, isReplicating: Bool = true
  ) -> ClusterMember {
    ClusterMember(
      identity: NodeIdentity(name: name, incarnation: "1"), address: "\(name):8400", role: role, isLeader: isLeader,
      progress: lag.map {
        MemberProgress(
          matchIndex: 5000 - $0, lag: $0, inflightBytes: 0, isActive: isActive, isReplicating: isReplicating)
      })
  }

  private func report(
    _ name: String, incarnation: String = "1", _ members: [ClusterMember], state: NodeReport.State = .follower,
    leader: String? = nil, term: UInt64 = 3, lastIndex: UInt64 = 1042, clusterID: String? = "alpha",
    _ change: (inout NodeReport) -> Void = { _ in }
  ) -> NodeReport {
    var report = NodeReport(
      identity: NodeIdentity(name: name, incarnation: incarnation), address: "\(name):8400")
    report.clusterID = clusterID
    report.state = state
    report.term = term
    report.leaderName = leader
    report.lastIndex = lastIndex
    report.commitIndex = lastIndex
    report.members = members
    report.configurationIndex = 17
    report.isConfigurationCommitted = true
    change(&report)
    return report
  }

  private func answer(_ report: NodeReport, at address: String? = nil) throws -> NodeAnswer {
    NodeAnswer(address: try NodeAddress(parsing: address ?? report.address), report: .success(report))
  }

  private func silence(_ name: String) throws -> NodeAnswer {
    let address = "\(name):8400"
    return NodeAnswer(
      address: try NodeAddress(parsing: address),
      report: .failure(.failed(.unreachable(address: address, cause: "connection refused"))))
  }

  @Test("members stand in columns, the leader has a star, and what is wrong stands below")
  func table() throws {
    let members = [
      member("log-0", isLeader: true), member("log-1", lag: 0), member("log-2", .learner, lag: 1112, isActive: false),
    ]
    let view = ClusterView([
      try answer(report("log-0", members, state: .leader, leader: "log-0") { $0.isConfigurationCommitted = false }),
      try answer(report("log-1", [], leader: "log-0", lastIndex: 1041)), try silence("log-2"),
    ])
    #expect(
      view.text == """
           NAME   ROLE     STATE      TERM  COMMIT  LAST  LAG   ADDRESS
        *  log-0  voter    leader     3     1042    1042  0     log-0:8400
           log-1  voter    follower   3     1041    1041  0     log-1:8400
           log-2  learner  no answer  -     -       -     1112  log-2:8400

        ! the newest change of the members, entry 17, is not committed yet
        ! log-2 does not answer here: cannot reach log-2:8400: connection refused: is logd running there?
        ! log-2 does not answer the leader

        """)
    #expect(view.isWorking)
  }

  @Test("a cluster where all is well is a table and nothing else")
  func healthy() throws {
    let view = ClusterView([
      try answer(report("a", [member("a", isLeader: true)], state: .leader, leader: "a", lastIndex: 7))
    ])
    #expect(
      view.text == """
           NAME  ROLE   STATE   TERM  COMMIT  LAST  LAG  ADDRESS
        *  a     voter  leader  3     7       7     0    a:8400

        """)
    #expect(
      String(decoding: try JSONText.line(view.json), as: UTF8.self)
        == #"{"cluster_id":"alpha","leader":"a","members":[{"address":"a:8400","commit_index":7,"incarnation":"1","#
        + #""lag":0,"last_index":7,"last_term":0,"leader":true,"name":"a","role":"voter","state":"leader","term":3}],"problems":[],"#
        + #""term":3,"working":true}"# + "\n")
  }

  @Test("without a leader it is said whether one can be elected")
  func noLeader() throws {
    let members = [member("a"), member("b"), member("c"), member("d", .learner)]
    let two = ClusterView([
      try answer(report("a", members, state: .preCandidate)), try answer(report("b", members)), try silence("c"),
    ])
    #expect(!two.isWorking && two.leader == nil)
    #expect(
      two.problems.first
        == "no leader: of 3 voters 2 answer here, and 2 elect one; look again in a few seconds")
    let one = ClusterView([
      try answer(report("a", members, state: .preCandidate)), try silence("b"), try silence("c"),
      try answer(report("d", members)),
    ])
    #expect(!one.isWorking)
    #expect(
      one.problems.first == "no leader: of 3 voters 1 answers here, and 2 are needed to elect one; start the others")
  }

  @Test("a leader that no quorum answers cannot write")
  func noQuorum() throws {
    let members = [
      member("a", isLeader: true), member("b", lag: 0, isActive: false), member("c", lag: 0, isActive: false),
    ]
    let view = ClusterView([
      try answer(report("a", members, state: .leader, leader: "a")), try silence("b"), try silence("c"),
    ])
    #expect(!view.isWorking && view.leader == "a")
    #expect(
      view.problems.first
        == "no quorum: of 3 voters 1 answers the leader, and 2 are needed; nothing can be written, so start the others")
  }

  @Test("a leader that does not answer here is known from those that follow it")
  func leaderElsewhere() throws {
    let members = [member("a", isLeader: true), member("b"), member("c")]
    let view = ClusterView([try answer(report("b", members, leader: "a")), try silence("a"), try silence("c")])
    #expect(view.isWorking && view.leader == "a")
    #expect(view.rows.map(\.state) == [nil, .follower, nil])
    #expect(view.rows.map(\.lag) == [nil, nil, nil])
    #expect(view.problems.count == 2)
  }

  @Test("the leader of the highest term is believed")
  func twoLeaders() throws {
    let members = [member("a", isLeader: true), member("b", lag: 0)]
    let newer = [member("a", lag: 4), member("b", isLeader: true)]
    let view = ClusterView([
      try answer(report("a", members, state: .leader, leader: "a", term: 3)),
      try answer(report("b", newer, state: .leader, leader: "b", term: 4)),
    ])
    #expect(view.leader == "b" && view.term == 4 && view.rows.map(\.lag) == [4, 0])
  }

  @Test("what is wrong with a member is said in words")
  func memberProblems() throws {
    let members = [
      member("a", isLeader: true), member("b", lag: 1025), member("c", lag: 3, isReplicating: false),
      member("d", .learner, lag: 0), member("e", .learner, lag: 0), member("f", lag: 0), member("g", .learner, lag: 0),
    ]
    let view = ClusterView([
      try answer(report("a", members, state: .leader, leader: "a") { $0.transferTarget = "b" }),
      try answer(report("b", members) { $0.hasRoom = false }), try answer(report("c", members)),
      try answer(report("d", incarnation: "2", [], clusterID: nil)),
      try answer(report("z", [], clusterID: "beta"), at: "e:8400"),
      try answer(report("f", members) { $0.address = "f.example.com:8400" }, at: "f:8400"), try silence("g"),
    ])
    #expect(
      view.problems == [
        "leadership is being handed to b",
        "b lags: it lacks 1025 entries of the log",
        "b has no room: its disk is full, or refuses to be written",
        "c gets no entries: the leader looks for where to begin",
        "d at d:8400 has another data directory than the member had: it joins anew when it has --start-join-addrs; "
          + "else remove d and add it again",
        "at e:8400, where e is to be, is z",
        "f says that it is reached at f.example.com:8400, and the members look for it at f:8400",
        "g does not answer here, though it answers the leader: cannot reach g:8400: connection refused: is logd "
          + "running there?",
        "d at d:8400 is in no cluster: add it by 'logctl cluster add d:8400'",
        "z at z:8400 is in another cluster, beta",
      ])
  }

  @Test("where there is no cluster it is said how to begin one")
  func noCluster() throws {
    let view = ClusterView([try answer(report("a", [], clusterID: nil))])
    #expect(!view.isWorking && view.clusterID == nil)
    #expect(
      view.problems == [
        "there is no cluster: no node that answered is in one",
        "a at a:8400 is in no cluster: begin one by 'logctl cluster bootstrap --addr a:8400', or add it to one",
      ])
    #expect(view.rows.map(\.role) == [nil])
    #expect(view.text.contains("   a     none  follower"))
  }
}
