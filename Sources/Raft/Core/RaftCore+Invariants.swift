import CommitLog

/// What must hold after every event, in production too: a node that finds itself wrong stops before others believe it.
extension RaftCore {
  func checkAll() {
    checkLog()
    checkRole()
    if let leadership { check(leadership) }
  }

  private func checkLog() {
    precondition(log.end.lastTerm <= term, "the log ends in term \(log.end.lastTerm), this is \(term)")
    precondition(durability.flushed.index <= log.lastIndex, "\(durability.flushed) is flushed of \(log.lastIndex)")
    precondition(
      commitIndex <= log.lastIndex || room != .available || role != .leader,
      "\(commitIndex) is committed and the log ends at \(log.lastIndex)")
    precondition(following.matched <= log.lastIndex, "\(following.matched) matches of \(log.lastIndex)")
    precondition(
      durability.hardState.term <= term, "term \(durability.hardState.term) is on disk, this is \(term)")
    if let newest = configurations.newest {
      precondition(newest.index <= log.lastIndex, "configuration \(newest.index) in a log to \(log.lastIndex)")
    }
  }

  private func checkRole() {
    precondition((role == .leader) == (leadership != nil), "\(role) with leadership \(leadership != nil)")
    switch role {
    case .leader:
      precondition(leader == peer, "a leader follows \(leader.map(\.description) ?? "nobody")")
      precondition(vote == peer, "a leader voted for \(vote.map(\.description) ?? "nobody")")
      precondition(room == .available, "a node leads without room for entries")
    case .candidate: precondition(vote == peer && leader == nil, "a candidate voted for another or has a leader")
    case .preCandidate, .follower: precondition(leader != peer, "a \(role) follows itself")
    }
  }

  private func check(_ leadership: Leadership) {
    for follower in leadership.followers {
      precondition(follower.peer != peer, "a leader replicates to itself")
      follower.check(lastIndex: log.lastIndex)
    }
    if let newest = configurations.newest?.configuration {
      for member in newest.members where member.peer != peer {
        precondition(leadership.position(of: member.peer) != nil, "member \(member.peer) is sent nothing")
      }
    }
  }
}
