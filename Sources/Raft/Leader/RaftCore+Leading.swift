import CommitLog

/// Proposals, heartbeats, check-quorum and the commit index (paper §5.3, §5.4; thesis §6.2).
extension RaftCore {
  mutating func propose(_ batches: [RecordBatch], _ request: RequestID) {
    if let refusal = proposalRefusal(batches) { return actions.append(.refusedProposal(request, refusal)) }
    let end = log.end
    actions.append(.accepted(request, index: end.nextIndex, baseOffset: end.nextOffset, term: term))
    appendAsLeader(batches)
  }

  private func proposalRefusal(_ batches: [RecordBatch]) -> ProposalRefusal? {
    guard let leadership else { return .notLeader(hint: leader) }
    if let transfer, !has(.transferAcceptsProposals) { return .transferring(to: transfer.target) }
    let bytes = batches.reduce(0) { $0 + $1.byteCount }
    // What others commit while this node's disk hangs is held here, too.
    let held = max(leadership.uncommittedBytes, log.unstableBytes)
    // A batch that is larger than the bound passes alone.
    guard held == 0 || held + bytes <= settings.maximumUncommittedBytes else {
      return .overloaded(uncommittedBytes: held)
    }
    return nil
  }

  /// Stamps batches, gives them to the disk and, at the same time, to the followers (thesis §10.2.1).
  mutating func appendAsLeader(_ unstamped: [RecordBatch]) {
    var end = log.end
    let stamped = unstamped.map { batch in
      let stamped = batch.stamped(
        index: end.nextIndex, term: term, baseOffset: end.nextOffset, appendTime: now.time)
      end = LogEnd(nextIndex: end.nextIndex.following, nextOffset: stamped.nextOffset, lastTerm: term)
      return stamped
    }
    append(stamped)
    leadership?.proposed(stamped)
    replicateToAll()
  }

  // MARK: Time

  mutating func runLeaderTimers() {
    guard let leadership else { return }
    if leadership.quorumCheckAt <= now.instant { checkQuorum() }
    if let leadership = self.leadership, leadership.heartbeatAt <= now.instant { sendHeartbeats() }
    if let noticeAt = self.leadership?.commitNoticeAt, noticeAt <= now.instant { tellCommitIndex() }
  }

  /// A leader that a quorum does not answer steps down, for others may have another (thesis §6.2).
  private mutating func checkQuorum() {
    guard let configuration = configurations.newest?.configuration else { return }
    guard configuration.hasQuorum({ isActive($0) }) || has(.noCheckQuorum) else {
      return becomeFollower(term: term, leader: nil)
    }
    leadership?.quorumCheckAt = now.instant + settings.electionTimeout
  }

  /// This node, or one that answered within an election time-out.
  func isActive(_ member: Peer) -> Bool {
    if member == peer { return true }
    guard let heard = leadership?.followers.first(where: { $0.peer == member })?.heard else { return false }
    return now.instant <= heard + settings.electionTimeout
  }

  /// To all, in a round of its own. What may be lost is looked for at the same time.
  mutating func sendHeartbeats() {
    guard let followers = leadership?.followers else { return }
    leadership?.round += 1
    leadership?.heartbeatAt = now.instant + settings.heartbeatInterval
    for position in followers.indices {
      sendHeartbeat(to: position)
      retryLost(position)
      replicate(to: position)
    }
  }

  mutating func sendHeartbeat(to position: Int) {
    guard let leadership else { return }
    let follower = leadership.followers[position]
    let commit = min(commitIndex, follower.match)
    self.leadership?.followers[position].toldCommit = max(follower.toldCommit, commit)
    send(
      .heartbeat(Heartbeat(term: term, commitIndex: commit, round: leadership.round)), to: follower.peer)
  }

  mutating func handle(_ response: HeartbeatResponse, from sender: Peer) {
    guard let position = leadership?.position(of: sender) else { return }
    leadership?.followers[position].heard = now.instant
    let known = leadership?.followers[position].acknowledgedRound ?? 0
    guard response.round > known, response.round <= leadership?.round ?? 0 else { return }
    leadership?.followers[position].acknowledgedRound = response.round
    completeReads()
  }

  // MARK: Commit index

  /// The highest entry that a quorum has on its disks, this node only after its own sync (etcd#14370). Only an entry of the
  /// leader's own term is committed by counting (paper §5.4.2).
  mutating func advanceCommitIndex() {
    guard let leadership, let configuration = configurations.newest?.configuration else { return }
    let candidate = quorumMatch(of: configuration, leadership)
    guard candidate > commitIndex, log.term(at: candidate) == term || has(.earlierTermCommittedByCounting) else {
      return
    }
    self.leadership?.committed(through: candidate)
    let hadCommitted = hasCommittedInTerm
    let endsChange = configurations.newest.map { commitIndex < $0.index && $0.index <= candidate } ?? false
    commit(through: candidate)
    if !hadCommitted, hasCommittedInTerm { startWaitingReads() }
    // Whoever is removed is no follower from here on.
    if endsChange { tellCommitIndex() }
    leaveIfRemoved()
  }

  private func quorumMatch(of configuration: Configuration, _ leadership: Leadership) -> LogIndex {
    var matches = configuration.members.compactMap { member -> LogIndex? in
      guard member.role == .voter || has(.nonVoterCounts) else { return nil }
      if member.peer == peer { return has(.leaderCountsUnflushed) ? log.lastIndex : durability.flushed.index }
      return leadership.followers.first { $0.peer == member.peer }?.match ?? LogIndex(0)
    }
    guard matches.count >= configuration.quorum else { return LogIndex(0) }
    matches.sort(by: >)
    return matches[configuration.quorum - 1]
  }

  /// Whether this node leads and has committed an entry of its term, and with it all that came before.
  package var hasCommittedInTerm: Bool {
    leadership.map { commitIndex >= $0.firstIndex } ?? false
  }

  /// What is sent next carries the commit index; who gets nothing for a moment is told, so that its readers need not wait for a
  /// heartbeat. A caller that waits for each answer would else cost every follower a message and a wake-up more, for what its
  /// next call says as well.
  mutating func scheduleCommitNotice() {
    guard leadership?.followers.contains(where: { $0.lacksCommit(commitIndex) }) == true else {
      leadership?.commitNoticeAt = nil
      return
    }
    guard settings.commitNoticeDelay > .zero else { return tellCommitIndex() }
    if leadership?.commitNoticeAt == nil { leadership?.commitNoticeAt = now.instant + settings.commitNoticeDelay }
  }

  private mutating func tellCommitIndex() {
    for position in leadership?.followers.indices ?? 0..<0
    where leadership?.followers[position].lacksCommit(commitIndex) == true {
      sendHeartbeat(to: position)
    }
  }

  // MARK: The end

  /// What a leader was asked and has not answered has no answer any more.
  mutating func endLeadership() {
    guard let leadership else { return }
    for asker in leadership.reads.all { refuse(asker) }
    if let change = leadership.change { actions.append(.changed(change.request, .failure(.lostLeadership))) }
    self.leadership = nil
    if transfer != nil { transfer?.hasLeft = true }
  }
}
