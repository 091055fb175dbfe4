import Raft

/// Wants certain members and works towards them, one change at a time, as a person with `logctl` would.
struct Administrator {
  /// Of each slot; nil: no member.
  private(set) var wanted: [Member.Role?]
  /// The change that waits for its answer.
  private(set) var pending: (request: UInt64, since: VirtualTime, change: MembershipChange)?
  /// Requests of transfers, for their outcome.
  var transfers: Set<UInt64> = []

  /// After which an answer is not waited for any more.
  private static let patience = UInt64.seconds(3)
  private static let maximumVoters = 5

  init(_ plan: ClusterPlan) {
    wanted = (0..<plan.slots).map { slot in
      slot < plan.voters ? .voter : slot < plan.voters + plan.learners ? .learner : nil
    }
  }

  /// Wants something else.
  mutating func want(_ dice: inout Dice, _ plan: ClusterPlan) {
    let voters = wanted.count { $0 == .voter }
    let slot = dice.below(wanted.count)
    switch wanted[slot] {
    case .voter: if voters > 1 { wanted[slot] = dice.chance(perMille: 400) ? .learner : nil }
    case .learner: wanted[slot] = dice.chance(perMille: 600) && voters < Self.maximumVoters ? .voter : nil
    case nil: wanted[slot] = dice.chance(perMille: 700) && voters < Self.maximumVoters ? .voter : .learner
    }
  }

  mutating func giveUpLate(at now: VirtualTime) {
    if let pending, pending.since + Self.patience < now { self.pending = nil }
  }

  mutating func began(_ change: MembershipChange, _ request: UInt64, at now: VirtualTime) {
    pending = (request, now, change)
  }

  /// What is left to do; lives that are over first.
  func differences(_ configuration: Configuration, _ nodes: [SimulatedNode]) -> [MembershipChange] {
    var changes: [MembershipChange] = []
    for member in configuration.members where nodes[SimulatedNode.slot(of: member.peer.id)].peer != member.peer {
      changes.append(.remove(member.peer.id))
    }
    if !changes.isEmpty { return changes }
    for node in nodes {
      switch (configuration[node.id]?.role, wanted[node.slot]) {
      case (nil, .some): changes.append(.addLearner(node.peer, address: node.address))
      case (.learner, .voter): changes.append(.promote(node.id))
      case (.voter, .learner): changes.append(.demote(node.id))
      case (.some, nil): changes.append(.remove(node.id))
      default: break
      }
    }
    // Nobody is taken away before somebody else is there.
    let growing = changes.filter {
      if case .promote = $0 { true } else if case .addLearner = $0 { true } else { false }
    }
    return growing.isEmpty ? changes : growing
  }

  mutating func changed(_ request: RequestID, _ result: Result<Void, ChangeRefusal>, _ coverage: inout Coverage) {
    if transfers.remove(request.number) != nil { return Self.count(transfer: result, &coverage) }
    if let pending, pending.request == request.number {
      self.pending = nil
      if case .success = result { Self.count(pending.change, &coverage) }
    }
    guard case .failure(let refusal) = result else { return }
    switch refusal {
    case .changeInProgress: coverage.hit(.changeInProgressRefused)
    case .notCaughtUp: coverage.hit(.notCaughtUpRefused)
    case .noQuorum: coverage.hit(.noQuorumRefused)
    default: coverage.hit(.changeRefused)
    }
  }

  private static func count(_ change: MembershipChange, _ coverage: inout Coverage) {
    switch change {
    case .addLearner: coverage.hit(.learnerAdded)
    case .promote: coverage.hit(.promoted)
    case .demote: coverage.hit(.demoted)
    case .remove: coverage.hit(.removed)
    case .setAddress: break
    }
  }

  private static func count(transfer result: Result<Void, ChangeRefusal>, _ coverage: inout Coverage) {
    switch result {
    case .success: coverage.hit(.transferDone)
    case .failure(.transferTimedOut): coverage.hit(.transferTimedOut)
    case .failure: coverage.hit(.changeRefused)
    }
  }
}
