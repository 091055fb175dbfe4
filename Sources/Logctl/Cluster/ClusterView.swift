import ProgLogClient

/// A cluster as the nodes that answered tell it: its members, how far each is, and what is wrong.
struct ClusterView {
  struct Row: Equatable {
    var name: String
    var incarnation: String
    /// `nil`: no member.
    var role: ClusterMember.Role?
    /// `nil`: it did not answer.
    var state: NodeReport.State?
    var term: UInt64?
    var commitIndex: UInt64?
    var lastIndex: UInt64?
    var lastTerm: UInt64?
    /// Entries of the leader's log that it lacks, as the leader knows.
    var lag: UInt64?
    var address: String
    var isLeader: Bool
  }

  /// `nil`: none of those that answered is in a cluster.
  let clusterID: String?
  /// Who leads, as far as anybody knows.
  let leader: String?
  let term: UInt64
  /// The members in the order of their names, then other nodes that answered.
  let rows: [Row]
  /// Each in a sentence.
  let problems: [String]
  /// It has a leader, and that has a quorum.
  let isWorking: Bool

  /// - Parameter answers: at least one is a report.
  init(_ answers: [NodeAnswer]) {
    let reports = answers.compactMap(\.known)
    let best = Self.best(of: reports)
    let quorum = QuorumView(best, reports: reports)
    self.clusterID = best?.clusterID
    self.leader = best?.leaderName
    self.term = best?.term ?? 0
    self.isWorking = quorum.isWorking
    let strangers = Self.strangers(reports, best: best)
    self.rows =
      (best?.members ?? []).map { Self.row($0, best: best, reports: reports) } + strangers.map(Self.row(stranger:))
    self.problems =
      quorum.problems + Self.problems(ofCluster: best)
      + (best?.members ?? []).flatMap { MemberProblems(member: $0, best: best, answers: answers).list }
      + strangers.map { Self.problem(ofStranger: $0, best: best) }
  }

  /// Whom to believe on the whole cluster: the leader of the highest term, else whoever has seen the newest.
  private static func best(of reports: [NodeReport]) -> NodeReport? {
    reports.filter { !$0.members.isEmpty }.max { left, right in
      (left.state == .leader ? 1 : 0, left.term, left.configurationIndex, left.commitIndex)
        < (right.state == .leader ? 1 : 0, right.term, right.configurationIndex, right.commitIndex)
    }
  }

  /// Nodes that answered and are no members, each once.
  private static func strangers(_ reports: [NodeReport], best: NodeReport?) -> [NodeReport] {
    var seen = Set(best?.members.map(\.identity) ?? [])
    return reports.filter { seen.insert($0.identity).inserted }
  }

  private static func row(_ member: ClusterMember, best: NodeReport?, reports: [NodeReport]) -> Row {
    let own = reports.first { $0.identity == member.identity }
    return Row(
      name: member.identity.name, incarnation: member.identity.incarnation, role: member.role, state: own?.state,
      term: own?.term, commitIndex: own?.commitIndex, lastIndex: own?.lastIndex,
      lastTerm: own?.lastTerm, lag: member.progress?.lag ?? (best?.state == .leader && member.isLeader ? 0 : nil),
      address: member.address,
      isLeader: member.isLeader)
  }

  private static func row(stranger: NodeReport) -> Row {
    Row(
      name: stranger.identity.name, incarnation: stranger.identity.incarnation, role: nil, state: stranger.state,
      term: stranger.term, commitIndex: stranger.commitIndex, lastIndex: stranger.lastIndex,
      lastTerm: stranger.lastTerm, lag: nil, address: stranger.address, isLeader: false)
  }

  private static func problems(ofCluster best: NodeReport?) -> [String] {
    guard let best, best.state == .leader else { return [] }
    var problems: [String] = []
    if !best.isConfigurationCommitted {
      problems.append("the newest change of the members, entry \(best.configurationIndex), is not committed yet")
    }
    if let target = best.transferTarget { problems.append("leadership is being handed to \(target)") }
    return problems
  }

  private static func problem(ofStranger node: NodeReport, best: NodeReport?) -> String {
    let name = "\(node.identity.name) at \(node.address)"
    guard let id = node.clusterID else {
      return best == nil
        ? "\(name) is in no cluster: begin one by 'logctl cluster bootstrap --addr \(node.address)', or add it to one"
        : "\(name) is in no cluster: add it by 'logctl cluster add \(node.address)'"
    }
    if let other = best?.clusterID, other != id { return "\(name) is in another cluster, \(id)" }
    return "\(name) is no member: it was removed, or has another data directory than the member had"
  }
}
