import ProgLogClient

/// Whether a cluster can write, as far as those that answered know.
struct QuorumView {
  let isWorking: Bool
  /// At most one.
  let problems: [String]

  /// - Parameter best: who knows the most.
  init(_ best: NodeReport?, reports: [NodeReport]) {
    guard let best else {
      self.isWorking = false
      self.problems = ["there is no cluster: no node that answered is in one"]
      return
    }
    let voters = best.members.filter { $0.role == .voter }
    let needed = voters.count / 2 + 1
    let problem: String?
    switch (best.state, best.leaderName) {
    case (.leader, _):
      let heard = voters.count { $0.isLeader || $0.progress?.isActive == true }
      problem =
        heard >= needed
        ? nil
        : "no quorum: of \(voters.count) voters \(heard) \(Self.verb(heard, "answers", "answer")) the leader, and "
          + "\(needed) are needed; nothing can be written, so start the others"
    case (_, _?):
      // A follower forgets a leader of whom it hears nothing, and a leader steps down that no quorum answers.
      problem = nil
    case (_, nil):
      let answering = voters.count { voter in reports.contains { $0.identity == voter.identity } }
      problem =
        "no leader: of \(voters.count) voters \(answering) \(Self.verb(answering, "answers", "answer")) here, and "
        + (answering >= needed
          ? "\(needed) elect one; look again in a few seconds" : "\(needed) are needed to elect one; start the others")
    }
    self.isWorking = problem == nil
    self.problems = problem.map { [$0] } ?? []
  }

  private static func verb(_ count: Int, _ one: String, _ many: String) -> String { count == 1 ? one : many }
}
