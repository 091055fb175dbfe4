import CommitLog

/// What a follower knows of its leader.
struct Following: Hashable, Sendable {
  /// Up to here this log is known to be the leader's. What is beyond may be another's.
  var matched = LogIndex(0)
  /// When the leader last spoke.
  var heardLeader: Instant?
  /// The leader's last round that was answered.
  var answeredRound: UInt64 = 0
  /// Entries were taken that are not acknowledged yet.
  var owesAcknowledgement = false
  /// The leader only asks, or sends what is here already.
  var answersAtOnce = false
  /// A write came to the disk since the last acknowledgement.
  var hasFlushed = false
  /// Since the leader last spoke, somebody with an older log has asked for this node's vote.
  var blocksElection = false

  mutating func begin(matched: LogIndex) {
    self = Following(matched: matched)
  }
}

/// AppendEntries and InstallSnapshot, received (paper §5.3, §7).
extension RaftCore {
  private mutating func hear(_ sender: Peer) {
    precondition(role != .leader, "\(sender) leads in term \(term), and so does \(peer): election safety is broken")
    if leader != sender || role != .follower { becomeFollower(term: term, leader: sender) }
    following.heardLeader = now.instant
    following.blocksElection = false
    resetElectionTimer()
  }

  /// The part of the log that is known to be committed and is here.
  var committedHere: LogIndex { min(commitIndex, log.lastIndex) }

  mutating func handle(_ request: AppendRequest, from sender: Peer) {
    guard request.isContiguous else { return }
    hear(sender)
    guard room == .available, mayHold(request) else { return }

    // What is committed here is the leader's already (paper §5.4.3): a stale request cuts nothing off (nats#7424).
    let known = committedHere
    let batches = request.batches.drop { $0.index <= known }
    let previous = batches.first.map { $0.index.preceding } ?? request.last.index
    let previousTerm = previous == request.previous.index ? request.previous.term : log.term(at: previous)
    if previous > known, log.term(at: previous) != previousTerm || previousTerm == nil, !plantedContinues(batches) {
      return reject(request.previous, to: sender)
    }
    take(batches)
    following.matched = max(following.matched, max(request.last.index, known))
    following.owesAcknowledgement = true
    commit(through: min(request.commitIndex, following.matched))
  }

  /// Whether the entries may wait here for the disk. The leader counts what is on its way and not flushed; but it forgets its count
  /// when it probes, and the next leader begins anew. What is not taken is sent again.
  private func mayHold(_ request: AppendRequest) -> Bool {
    request.batches.isEmpty || log.unstableBytes <= settings.maximumInflightBytes
  }

  /// Appends what is not here. Only an entry that contradicts one of the leader's is removed, with all after it.
  private mutating func take(_ batches: ArraySlice<RecordBatch>) {
    let new = batches.drop { log.contains(EntryID(index: $0.index, term: $0.term)) }
    guard let first = new.first else {
      if has(.staleAppendTruncates) { plantTruncation(after: batches.last) }
      following.answersAtOnce = true
      return
    }
    if first.index <= log.lastIndex { truncate(from: first.index, nextOffset: first.baseOffset) }
    append(Array(new))
  }

  private mutating func reject(_ previous: EntryID, to sender: Peer) {
    let hint = log.lastPossibleMatch(at: min(previous.index, log.lastIndex), term: previous.term)
    send(
      .appendResponse(
        AppendResponse(term: term, result: .rejected(previous: previous.index, hint: hint))), to: sender)
  }

  mutating func handle(_ install: InstallSnapshot, from sender: Peer) {
    hear(sender)
    guard room == .available else { return }
    let snapshot = install.snapshot
    let last = snapshot.last
    following.owesAcknowledgement = true
    following.answersAtOnce = true
    if last.index > committedHere && !log.contains(last) || has(.snapshotReplacesNewerLog) {
      log.reset(to: snapshot.start)
      following.matched = last.index
      actions.append(.reset(snapshot, durability.beginReset(to: snapshot)))
      configurations = ConfigurationHistory([snapshot.configuration])
      configurationsChanged()
      following.answersAtOnce = false
    }
    following.matched = max(following.matched, last.index)
    commit(through: last.index)
  }

  mutating func handle(_ heartbeat: Heartbeat, from sender: Peer) {
    hear(sender)
    // A round is answered once: what only tells the commit index between two of them would else cost the leader two wake-ups
    // for each entry. A lost answer is made good by the next round.
    if heartbeat.round > following.answeredRound {
      following.answeredRound = heartbeat.round
      send(.heartbeatResponse(HeartbeatResponse(term: term, round: heartbeat.round)), to: sender)
    }
    // The leader names no more than what this node acknowledged; a log that was full since may have less.
    commit(through: min(heartbeat.commitIndex, log.lastIndex))
  }

  /// One cumulative acknowledgement for all that came to the disk at once.
  mutating func acknowledge() {
    defer { following.hasFlushed = false }
    guard role == .follower, let leader, following.owesAcknowledgement else { return }
    let onDisk = has(.acknowledgedBeforeFlush) ? FlushedIndex(received: log.lastIndex) : durability.flushed
    let flushed = onDisk.limited(to: following.matched)
    let isComplete = flushed.index == following.matched
    guard isComplete || following.hasFlushed || following.answersAtOnce else { return }
    send(
      .appendResponse(
        AppendResponse(term: term, result: .accepted(matched: following.matched, flushed: flushed))), to: leader)
    following.answersAtOnce = false
    following.owesAcknowledgement = !isComplete
  }

  /// Moves the commit index forward, never back.
  mutating func commit(through index: LogIndex) {
    guard index > commitIndex else { return }
    commitIndex = index
    actions.append(.commit(index))
    reportCommittedConfiguration()
  }
}

extension AppendRequest {
  /// Whether the batches follow `previous` and each other, and none is of a later term than the sender's (logcabin#160).
  var isContiguous: Bool {
    var last = previous
    var nextOffset = batches.first?.baseOffset
    for batch in batches {
      guard batch.index == last.index.following, batch.term >= last.term, batch.term <= term,
        batch.baseOffset == nextOffset, batch.hasReadableConfiguration
      else { return false }
      last = EntryID(index: batch.index, term: batch.term)
      nextOffset = batch.nextOffset
    }
    return true
  }
}

extension RecordBatch {
  fileprivate var hasReadableConfiguration: Bool {
    kind != .configuration || Configuration(decoding: payload) != nil
  }
}
