import ProgLogClient

/// The Raft cluster of a ProgLog, as far as its servers' answers tell. Members go by their names, never by their place in a
/// list (etcd-operator#443).
struct ClusterState: Sendable, Hashable {
  /// A voter that takes entries as they come is behind by what is on its way. In entries.
  static let caughtUpLag: UInt64 = 1024

  /// What servers reported, by pod; those that were silent are not here.
  var reports: [String: NodeReport] = [:]
  /// Pods that were asked and said nothing, and why.
  var silent: [String: String] = [:]

  init(_ answers: [String: MemberAnswer]) {
    for (pod, answer) in answers {
      switch answer {
      case .report(let report): reports[pod] = report
      case .silent(let why): silent[pod] = why
      }
    }
  }

  /// The clusters that servers say they are in; more than one is for a person to look at.
  var clusterIDs: Set<String> { Set(reports.values.compactMap(\.clusterID)) }

  /// The pod that leads, by what it says itself. Of two that say so the one of the later term: the other has not heard yet.
  var leaderPod: String? {
    reports.filter { $0.value.state == .leader }.max { ($0.value.term, $0.key) < ($1.value.term, $1.key) }?.key
  }

  var leader: NodeReport? { leaderPod.flatMap { reports[$0] } }

  /// The members, by the leader; without one by whoever knows of the latest change.
  var members: [ClusterMember] {
    let reference = leader ?? reports.values.max { ($0.configurationIndex, $0.term) < ($1.configurationIndex, $1.term) }
    return reference?.members ?? []
  }

  var voters: [ClusterMember] { members.filter { $0.role == .voter } }
  var quorum: Int { voters.count / 2 + 1 }

  func member(_ name: String) -> ClusterMember? { members.first { $0.identity.name == name } }

  /// Voters that speak, in the life in which they are members. Without a leader this is all that is known of a quorum.
  var votersThatSpeak: [ClusterMember] {
    voters.filter { reports[$0.identity.name]?.identity == $0.identity }
  }

  /// Whether the leader knows the member to have all that matters, and to follow. It must answer for itself too: its leader takes
  /// one that has just ended for alive until an election time-out has passed.
  func isCaughtUp(_ member: ClusterMember) -> Bool {
    guard let leader, reports[member.identity.name]?.identity == member.identity else { return false }
    if member.identity == leader.identity { return true }
    guard let progress = member.progress else { return false }
    return progress.isActive && progress.isReplicating && progress.lag <= Self.caughtUpLag
  }

  /// Whether the leader says that a voter answers it, as that was within an election time-out.
  func hearsVoter(_ name: String) -> Bool {
    leader != nil && voters.contains { $0.identity.name == name && $0.progress?.isActive == true }
  }

  /// One that says that a server leads it: it has heard that one within an election time-out.
  func follower(of leader: String) -> String? {
    reports.filter { $0.value.leaderName == leader && $0.key != leader }.keys.min()
  }

  /// Whether a quorum of the voters that are left without some is caught up.
  func keepsQuorum(without names: Set<String>, of count: Int? = nil) -> Bool {
    let left = voters.filter { !names.contains($0.identity.name) && isCaughtUp($0) }.count
    return left >= (count ?? voters.count) / 2 + 1
  }

  /// A change that was begun and is not done, in a clause; nothing else may be begun before.
  var changeInFlight: String? {
    guard let leader else { return nil }
    if !leader.isConfigurationCommitted {
      return "the change of members at entry \(leader.configurationIndex) is not committed yet"
    }
    return leader.transferTarget.map { "leadership is being handed to \($0)" }
  }
}
