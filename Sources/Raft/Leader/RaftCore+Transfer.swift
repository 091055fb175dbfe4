/// Leadership on its way to another node (thesis §3.10).
struct Transfer: Hashable, Sendable {
  var request: RequestID
  var target: Peer
  /// Then this node leads on, if it still leads.
  var deadline: Instant
  var hasAsked = false
  /// This node leads no more; the new leader is not known yet.
  var hasLeft = false
}

extension RaftCore {
  mutating func beginTransfer(to id: NodeID?, _ request: RequestID) {
    do throws(ChangeRefusal) {
      let target = try transferTarget(id)
      // No proposals from now on, or the target would never have them all (hashicorp#581).
      transfer = Transfer(request: request, target: target, deadline: now.instant + settings.electionTimeout)
      continueTransfer()
    } catch {
      actions.append(.changed(request, .failure(error)))
    }
  }

  private func transferTarget(_ id: NodeID?) throws(ChangeRefusal) -> Peer {
    guard let leadership, let configuration = configurations.newest?.configuration else {
      throw .notLeader(hint: leader)
    }
    if let transfer { throw .transferring(to: transfer.target) }
    if let id {
      guard let member = configuration[id] else { throw .unknownMember(id) }
      guard member.role == .voter else { throw .notVoter(id) }
      guard member.peer != peer else { throw .alreadyMember(member) }
      return member.peer
    }
    let candidates = leadership.followers.filter { configuration.isVoter($0.peer) && isActive($0.peer) }
    guard let best = candidates.max(by: { ($0.match, $1.peer.id) < ($1.match, $0.peer.id) }) else {
      throw .noQuorum(active: 1, needed: 2)
    }
    return best.peer
  }

  /// The target is asked once it has everything.
  mutating func continueTransfer() {
    guard let transfer, !transfer.hasAsked, let leadership,
      let target = leadership.followers.first(where: { $0.peer == transfer.target }), target.match == log.lastIndex
    else { return }
    self.transfer?.hasAsked = true
    send(.timeoutNow(TimeoutNow(term: term)), to: transfer.target)
  }

  mutating func endTransfer(_ result: Result<Void, ChangeRefusal>) {
    guard let transfer else { return }
    self.transfer = nil
    actions.append(.changed(transfer.request, result))
  }

  /// Once the new leader is known.
  mutating func resolveTransfer() {
    guard let transfer, transfer.hasLeft, let leader else { return }
    endTransfer(leader == transfer.target ? .success(()) : .failure(.lostLeadership))
  }
}
