import CommitLog

/// ReadIndex (thesis §6.4): a read that sees everything acknowledged before it began, without an entry of its own and without
/// trust in clocks.
extension RaftCore {
  mutating func beginRead(_ request: RequestID) {
    if leadership != nil { return add(.shell(request)) }
    guard let leader else { return refuse(.shell(request)) }
    guard forwardedReads.count < settings.maximumPendingReads else {
      return actions.append(.readIndex(request, .failure(.overloaded)))
    }
    let id = forwardedReads.add(request, expiry: now.instant + settings.retransmissionTimeout)
    send(.readIndexRequest(ReadIndexRequest(term: term, id: id)), to: leader)
  }

  mutating func handle(_ request: ReadIndexRequest, from sender: Peer) {
    guard leadership != nil else { return refuse(.peer(sender, request.id)) }
    add(.peer(sender, request.id))
  }

  mutating func handle(_ response: ReadIndexResponse) {
    guard let request = forwardedReads.take(response.id) else { return }
    actions.append(
      .readIndex(request, response.index.map { .success($0) } ?? .failure(.notLeader(hint: leader))))
  }

  private mutating func add(_ asker: PendingRead.Asker) {
    guard let leadership, leadership.reads.count < settings.maximumPendingReads else {
      if case .shell(let request) = asker { actions.append(.readIndex(request, .failure(.overloaded))) }
      return
    }
    self.leadership?.reads.add(asker)
    startWaitingReads()
  }

  /// Before the first entry of its term is committed a leader does not know what is (etcd#7331): reads wait.
  mutating func startWaitingReads() {
    guard let leadership, hasCommittedInTerm || has(.readBeforeFirstCommit), !leadership.reads.isConfirming,
      !leadership.reads.waiting.isEmpty
    else { return }
    self.leadership?.reads.begin(round: leadership.round + 1, index: commitIndex)
    sendHeartbeats()
    completeReads()
  }

  mutating func completeReads() {
    guard let leadership, let configuration = configurations.newest?.configuration else { return }
    let confirmed = confirmedRound(leadership, configuration)
    for read in self.leadership?.reads.takeConfirmed(by: confirmed) ?? [] { answer(read) }
    startWaitingReads()
  }

  /// The newest round that a quorum has answered, this node included if it votes.
  private func confirmedRound(_ leadership: Leadership, _ configuration: Configuration) -> UInt64 {
    var rounds = configuration.voters.map { voter in
      voter == peer
        ? leadership.round : leadership.followers.first { $0.peer == voter }?.acknowledgedRound ?? 0
    }
    guard rounds.count >= configuration.quorum else { return 0 }
    rounds.sort(by: >)
    return rounds[configuration.quorum - 1]
  }

  private mutating func answer(_ read: PendingRead) {
    switch read.asker {
    case .shell(let request): actions.append(.readIndex(request, .success(read.index)))
    case .peer(let asker, let id):
      send(.readIndexResponse(ReadIndexResponse(term: term, id: id, index: read.index)), to: asker)
    }
  }

  mutating func refuse(_ asker: PendingRead.Asker) {
    switch asker {
    case .shell(let request): actions.append(.readIndex(request, .failure(.notLeader(hint: leader))))
    case .peer(let asker, let id):
      send(.readIndexResponse(ReadIndexResponse(term: term, id: id, index: nil)), to: asker)
    }
  }

  /// Another leader knows nothing of them.
  mutating func refuseForwardedReads() {
    for request in forwardedReads.takeAll() {
      actions.append(.readIndex(request, .failure(.notLeader(hint: leader))))
    }
  }
}
