import CommitLog
import Testing

@testable import Logd
@testable import Raft

/// What a node does to become a member.
@Suite struct JoinStateTests {
  private let me = Peer(id: NodeID("n"), incarnation: LogIncarnation(high: 0, low: 1))
  private let leader = Peer(id: NodeID("a"), incarnation: LogIncarnation(high: 0, low: 1))

  private enum Membership {
    case none
    case stranger
    case learner
    case voter
    case voterElsewhere
    case otherLife
  }

  private func status(_ membership: Membership, hearsLeader: Bool = true, isCommitted: Bool = true) -> NodeStatus {
    var members = [Member(peer: leader, address: "a:1", role: .voter)]
    switch membership {
    case .none: return .make(me, address: "n:1", configuration: nil, leader: nil)
    case .stranger: break
    case .learner: members.append(Member(peer: me, address: "n:1", role: .learner))
    case .voter: members.append(Member(peer: me, address: "n:1", role: .voter))
    case .voterElsewhere: members.append(Member(peer: me, address: "n:9", role: .voter))
    case .otherLife:
      let other = Peer(id: me.id, incarnation: LogIncarnation(high: 0, low: 2))
      members.append(Member(peer: other, address: "n:1", role: .voter))
    }
    return .make(
      me, address: "n:1", configuration: Raft.Configuration(clusterID: "alpha", members: members),
      leader: hearsLeader ? leader : nil, isCommitted: isCommitted)
  }

  @Test("a node that was never in a cluster asks to be added, until it is what it wants to be")
  func firstLife() {
    var state = JoinState(role: .voter)
    #expect(state.next(status(.none), elapsed: .zero) == .ask(wasMember: false))
    // Its log begins before the entry that adds it.
    #expect(state.next(status(.stranger), elapsed: .seconds(1)) == .ask(wasMember: false))
    // What is not committed may be cut off again.
    #expect(state.next(status(.learner, isCommitted: false), elapsed: .seconds(1)) == .ask(wasMember: false))
    #expect(state.next(status(.learner), elapsed: .seconds(1)) == .ask(wasMember: true))
    #expect(state.next(status(.voter), elapsed: .seconds(1)) == .rest)
  }

  @Test("what a leader has told counts before the node's own log does")
  func told() {
    var state = JoinState(role: .voter)
    #expect(state.next(status(.none), elapsed: .zero) == .ask(wasMember: false))
    state.toldMember()
    #expect(state.next(status(.none), elapsed: .zero) == .ask(wasMember: true))
  }

  @Test("a member of which its log tells no more was removed, and is not added again")
  func removed() {
    var state = JoinState(role: .voter)
    _ = state.next(status(.none), elapsed: .zero)
    _ = state.next(status(.learner), elapsed: .zero)
    #expect(state.next(status(.stranger), elapsed: .zero) == .ask(wasMember: true))
  }

  @Test("a node that has a cluster when it starts is not added to it", arguments: [false, true])
  func restarted(isOtherLife: Bool) {
    var state = JoinState(role: .voter)
    #expect(state.next(status(isOtherLife ? .otherLife : .stranger), elapsed: .zero) == .ask(wasMember: true))
  }

  @Test("a node that moved, or is to be a voter, asks as a member")
  func changed() {
    var moved = JoinState(role: .voter)
    #expect(moved.next(status(.voterElsewhere, hearsLeader: false), elapsed: .zero) == .ask(wasMember: true))
    var learner = JoinState(role: .voter)
    #expect(learner.next(status(.learner), elapsed: .zero) == .ask(wasMember: true))
    var content = JoinState(role: .learner)
    #expect(content.next(status(.learner), elapsed: .zero) == .rest)
    #expect(content.next(status(.voter), elapsed: .zero) == .rest)
  }

  @Test("a member that hears of no leader asks whether it still is one, but not at once")
  func silence() {
    var state = JoinState(role: .voter)
    #expect(state.next(status(.voter, hearsLeader: false), elapsed: .zero) == .look)
    #expect(state.next(status(.voter, hearsLeader: false), elapsed: .seconds(9)) == .look)
    #expect(state.next(status(.voter, hearsLeader: false), elapsed: .seconds(10)) == .ask(wasMember: true))
    #expect(state.next(status(.voter), elapsed: .seconds(11)) == .rest)
  }
}
