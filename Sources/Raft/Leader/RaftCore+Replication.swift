import CommitLog

/// Sending the log: pipelined, bounded in bytes, and back to where the logs agree in a few steps (paper §5.3; thesis §10.2.1).
extension RaftCore {
  mutating func replicateToAll() {
    for position in leadership?.followers.indices ?? 0..<0 { replicate(to: position) }
  }

  /// Sends what may be sent.
  mutating func replicate(to position: Int) {
    while let follower = leadership?.followers[position], let allowance = follower.allowance(settings) {
      let isProbe = follower.mode != .replicate
      guard follower.next <= log.lastIndex || isProbe else { return }
      guard follower.next >= log.start.nextIndex, let term = log.term(at: follower.next.preceding) else {
        return sendStart(to: position)
      }
      let previous = EntryID(index: follower.next.preceding, term: term)
      if follower.next > log.lastIndex {
        sendEntries([], after: previous, to: position)
      } else if let batches = log.unstable(from: follower.next, maximumBytes: allowance) {
        sendEntries(batches, after: previous, to: position)
      } else {
        let fetch = makeFetchID()
        leadership?.followers[position].fetch = fetch
        return actions.append(.fetch(fetch, from: follower.next, maximumBytes: allowance))
      }
    }
  }

  private mutating func sendEntries(_ batches: [RecordBatch], after previous: EntryID, to position: Int) {
    guard let receiver = leadership?.followers[position].peer else { return }
    let request = AppendRequest(term: term, previous: previous, commitIndex: commitIndex, batches: batches)
    leadership?.followers[position].sent(request, at: now.instant, settings)
    send(.appendRequest(request), to: receiver)
  }

  private mutating func makeFetchID() -> FetchID {
    defer { nextFetch += 1 }
    return FetchID(number: nextFetch)
  }

  mutating func fetched(_ fetch: FetchID, _ batches: [RecordBatch]) {
    guard let position = leadership?.followers.firstIndex(where: { $0.fetch == fetch }),
      let follower = leadership?.followers[position]
    else { return }
    leadership?.followers[position].fetch = nil
    // What could not be read, or was cut from the front meanwhile, is tried again with the next heartbeat.
    guard let first = batches.first, first.index == follower.next, let term = log.term(at: first.index.preceding) else {
      return
    }
    sendEntries(batches, after: EntryID(index: first.index.preceding, term: term), to: position)
    replicate(to: position)
  }

  /// The follower needs entries that are not here any more (openraft afd6508b).
  private mutating func sendStart(to position: Int) {
    if has(.snapshotNeverSent) { return }
    let fetch = makeFetchID()
    leadership?.followers[position].fetch = fetch
    actions.append(.fetchSnapshot(fetch))
  }

  mutating func snapshotFetched(_ fetch: FetchID, _ snapshot: Snapshot?) {
    guard let position = leadership?.followers.firstIndex(where: { $0.fetch == fetch }),
      let receiver = leadership?.followers[position].peer
    else { return }
    leadership?.followers[position].fetch = nil
    guard let snapshot else { return }
    leadership?.followers[position].mode = .snapshot(retryAt: now.instant + settings.retransmissionTimeout)
    send(.snapshot(InstallSnapshot(term: term, snapshot: snapshot)), to: receiver)
  }

  // MARK: Answers

  mutating func handle(_ response: AppendResponse, from sender: Peer) {
    guard let position = leadership?.position(of: sender) else { return }
    leadership?.followers[position].heard = now.instant
    switch response.result {
    case .staleTerm: return
    case .accepted(let matched, let flushed):
      leadership?.followers[position].accepted(
        matched: matched, flushed: flushed, lastIndex: log.lastIndex, at: now.instant, settings)
      // Before more is sent, so that it carries the news.
      advanceCommitIndex()
    case .rejected(let previous, let hint):
      let possible = log.lastPossibleMatch(at: min(hint.index, log.lastIndex), term: hint.term)
      guard leadership?.followers[position].rejected(previous: previous, possibleMatch: possible.index) == true else {
        return
      }
    }
    // A leader that is not a member any more has left by now.
    guard let position = leadership?.position(of: sender) else { return }
    replicate(to: position)
    continueTransfer()
  }

  mutating func connectionLost(to peer: Peer) {
    if leader == peer, role == .follower { leaderMayBeGone() }
    guard let position = leadership?.position(of: peer) else { return }
    leadership?.followers[position].probe()
    replicate(to: position)
  }

  /// With each heartbeat.
  mutating func retryLost(_ position: Int) {
    guard let follower = leadership?.followers[position] else { return }
    switch follower.mode {
    case .probe(let retryAt?) where retryAt <= now.instant:
      leadership?.followers[position].mode = .probe(retryAt: nil)
    case .snapshot(let retryAt?) where retryAt <= now.instant: leadership?.followers[position].probe()
    case .replicate:
      if let lossAt = follower.lossAt, lossAt <= now.instant { leadership?.followers[position].probe() }
    case .probe, .snapshot: break
    }
  }
}
