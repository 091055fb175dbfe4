import CommitLog

/// The votes of an election, or of its trial run.
struct Ballot: Hashable, Sendable {
  var granted: Set<Peer> = []
  var rejected: Set<Peer> = []
  var isTransfer = false
}

/// Elections (paper §5.2, §5.4.1; thesis §9.6).
extension RaftCore {
  /// Half a time-out apart: many times what an election takes, so that votes are seldom split (paper §9.3), and no longer to wait for
  /// than that.
  mutating func resetElectionTimer() {
    let timeout = settings.electionTimeout.nanoseconds
    setElectionTimer(from: timeout, spread: timeout / 2)
  }

  /// For the next trial after this one: its messages may be lost, or the leader was heard a moment longer elsewhere. A trial changes
  /// nothing (thesis §9.6), so there may be many.
  private mutating func retrySoon() {
    let pause = settings.electionTimeout.nanoseconds / 5
    setElectionTimer(from: pause, spread: pause)
  }

  /// In nanoseconds.
  private mutating func setElectionTimer(from shortest: UInt64, spread: UInt64) {
    electionDeadline = Instant(nanoseconds: now.instant.nanoseconds + shortest + random.next(upperBound: spread))
  }

  /// A connection that breaks at once is that of a process that has ended, most likely: a machine that is off, or a network
  /// that is cut, says nothing. A leader that lives is heard within a heartbeat, and then nothing has happened; and nobody
  /// who still hears it grants a pre-vote. So this costs nothing, and an election begins without the wait for a time-out.
  mutating func leaderMayBeGone() {
    following.heardLeader = nil
    let heartbeat = settings.heartbeatInterval.nanoseconds
    let hurried = now.instant + settings.heartbeatInterval + .nanoseconds(random.next(upperBound: heartbeat))
    electionDeadline = min(electionDeadline, hurried)
  }

  /// The only voter has nobody to wait for.
  mutating func hurryIfAlone() {
    if configuration?.voters == [peer] { electionDeadline = now.instant }
  }

  mutating func electionTimedOut() {
    guard canCampaign else {
      resetElectionTimer()
      return forgetSilentLeader()
    }
    retrySoon()
    startPreVote()
  }

  private var configuration: Configuration? { configurations.newest?.configuration }

  var canCampaign: Bool {
    // Without room for a first entry no term could be used.
    guard room == .available, let newest = configurations.newest else { return false }
    if newest.configuration.isVoter(peer) { return true }
    // Who is on its way out may be the only one with the entry that says so, and the others cannot win against its log
    // (thesis §4.2.2). Its own vote does not count.
    if newest.index > commitIndex, configurations.previous?.configuration.isVoter(peer) == true { return true }
    // A voter that asks for its vote has an entry, not committed, that makes it one; the leader that has replaced that entry by
    // another was heard here and may be gone. It leaves with its first commit.
    return following.blocksElection
  }

  private mutating func forgetSilentLeader() {
    if !isLeaderHeard() { leader = nil }
  }

  private mutating func startPreVote() {
    role = .preCandidate
    leader = nil
    ballot = Ballot(granted: [peer])
    ask(VoteRequest(term: Term(term.rawValue + 1), last: log.last, isPreVote: true, isTransfer: false))
    countVotes()
  }

  mutating func startElection(isTransfer: Bool) {
    role = .candidate
    leader = nil
    term = Term(term.rawValue + 1)
    vote = peer
    // Its own vote counts when it is on the disk (openraft ee460f37).
    ballot = Ballot(isTransfer: isTransfer)
    resetElectionTimer()
    ask(VoteRequest(term: term, last: log.last, isPreVote: false, isTransfer: isTransfer))
  }

  private mutating func ask(_ request: VoteRequest) {
    for voter in configuration?.voters ?? [] where voter != peer { send(.voteRequest(request), to: voter) }
  }

  mutating func countOwnVote() {
    guard role == .candidate, let durable = durability.vote, durable.term == term, durable.vote == peer,
      ballot.granted.insert(peer).inserted
    else { return }
    countVotes()
  }

  /// Votes of peers that are no voters, or another life of one, count for nothing (nats-server#7589).
  private mutating func countVotes() {
    guard let configuration else { return }
    if configuration.hasQuorum({ ballot.granted.contains($0) }) {
      role == .preCandidate ? startElection(isTransfer: false) : becomeLeader()
    } else if configuration.hasQuorum({ ballot.rejected.contains($0) }) {
      becomeFollower(term: term, leader: nil)
    }
  }

  // MARK: Being asked

  mutating func handle(_ request: VoteRequest, from sender: Peer) {
    if request.isPreVote { return handlePreVote(request, from: sender) }
    // A node that does not know that it is a voter votes all the same: its configuration may be behind (thesis §4.2.1).
    if has(.learnerRefusesVote), configuration?.isVoter(peer) != true { return }
    let isFree = vote == sender || (vote == nil && leader == nil)
    let isGranted = isFree && request.last.isUpToDate(with: log.last)
    if isGranted {
      vote = sender
      resetElectionTimer()
    }
    send(.voteResponse(VoteResponse(term: term, isPreVote: false, isGranted: isGranted)), to: sender)
  }

  /// Changes nothing here.
  mutating func handlePreVote(_ request: VoteRequest, from sender: Peer) {
    guard !isLeaderHeard(by: sender) else {
      // The answer of a lower term would be read as a stale one; a leader that is alive speaks for itself.
      return
    }
    let isUpToDate = request.last.isUpToDate(with: log.last)
    if !isUpToDate { following.blocksElection = true }
    let isGranted = request.term > term && isUpToDate && !goesBefore(sender, request)
    send(
      .voteResponse(VoteResponse(term: isGranted ? request.term : term, isPreVote: true, isGranted: isGranted)),
      to: sender)
  }

  /// Of two that try at the same time, with the same log, one lets the other wait: else both would go on and split the votes.
  private func goesBefore(_ other: Peer, _ request: VoteRequest) -> Bool {
    role == .preCandidate && request.last == log.last && peer.id < other.id
  }

  mutating func handle(_ response: VoteResponse, from sender: Peer) {
    if response.isPreVote, !(has(.stalePreVoteCounts) && role == .candidate) {
      // A late answer, of a trial before this one or after a win, is no vote for anything.
      let asked = response.isGranted ? Term(term.rawValue + 1) : term
      guard role == .preCandidate, response.term == asked else { return }
    } else {
      guard role == .candidate, response.term == term else { return }
    }
    if response.isGranted {
      ballot.granted.insert(sender)
    } else {
      ballot.rejected.insert(sender)
    }
    countVotes()
  }

  mutating func handleTimeoutNow(from sender: Peer) {
    guard role == .follower, leader == sender, canCampaign else { return }
    startElection(isTransfer: true)
  }

  // MARK: Roles

  mutating func becomeFollower(term newTerm: Term, leader newLeader: Peer?) {
    precondition(newTerm >= term, "term falls from \(term) to \(newTerm)")
    if leadership != nil {
      // Whom it refuses now is not sent back to it.
      leader = nil
      endLeadership()
    }
    if newTerm > term {
      term = newTerm
      // Only a new term has a new vote (nats#7698).
      if !has(.staleVoteInRaisedTerm) { vote = nil }
    }
    if has(.voteForgottenOnStepDown) { vote = nil }
    if leader != newLeader { refuseForwardedReads() }
    let isNews = role != .follower || leader != newLeader || reportedRole.term != newTerm
    role = .follower
    leader = newLeader
    following.begin(matched: min(commitIndex, log.lastIndex))
    if isNews { resetElectionTimer() }
  }

  private mutating func becomeLeader() {
    role = .leader
    leader = peer
    let first = log.end.nextIndex
    leadership = Leadership(firstIndex: first, at: now.instant, settings: settings)
    updateFollowers()
    // An entry of its own term, through which all before it commit (paper §5.4.2, §8).
    appendAsLeader([RecordBatch.noOperation(timestamp: now.time)])
    sendHeartbeats()
  }
}

extension SplitMix64 {
  mutating func next(upperBound: UInt64) -> UInt64 {
    upperBound == 0 ? 0 : UInt64.random(in: 0..<upperBound, using: &self)
  }
}
