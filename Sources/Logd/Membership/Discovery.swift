import Raft

/// *Gossip proposes, Raft disposes*: what a leader does about the nodes that it sees in gossip.
///
/// Whoever is not seen changes nothing: a node that failed or restarts stays a member. Nothing is remembered from one look to
/// the next, so that a new leader does what its predecessor left.
enum Discovery {
  /// What came of looking at one node.
  struct Finding: Equatable {
    var peer: Peer
    var plan: JoinPlan
  }

  /// The first change that is to be made, if any, and why others are not what they ask to be.
  struct Outcome: Equatable {
    var change: (peer: Peer, change: MembershipChange)?
    var findings: [Finding] = []

    static func == (left: Self, right: Self) -> Bool {
      left.change?.peer == right.change?.peer && left.change?.change == right.change?.change
        && left.findings == right.findings
    }
  }

  /// - Parameters:
  ///   - seen: by what the nodes that are alive say of themselves.
  ///   - status: of this node; one that does not lead does nothing.
  static func look(at seen: [JoinRequest], _ status: NodeStatus) -> Outcome {
    guard status.raft.role.role == .leader else { return Outcome() }
    var outcome = Outcome()
    // By name, so that what is done does not hang on the order in which gossip brought them.
    for request in seen.sorted(by: { $0.peer.id < $1.peer.id }) where request.peer.id != status.peer.id {
      switch JoinPlan.next(request, status: status) {
      case .done: break
      case .change(let change):
        if outcome.change == nil { outcome.change = (request.peer, change) }
      case let plan: outcome.findings.append(Finding(peer: request.peer, plan: plan))
      }
    }
    return outcome
  }
}
