/// Messages in, and the rules on terms that go for all of them (paper §5.1).
extension RaftCore {
  mutating func receive(_ message: Message, from sender: Peer) {
    guard sender != peer else { return }
    if message.term > term {
      guard raisesTerm(message, from: sender) else { return handleAhead(message, from: sender) }
      becomeFollower(term: message.term, leader: nil)
    } else if message.term < term {
      return answerStale(message, to: sender)
    }
    switch message {
    case .voteRequest(let request): handle(request, from: sender)
    case .voteResponse(let response): handle(response, from: sender)
    case .appendRequest(let request): handle(request, from: sender)
    case .appendResponse(let response): handle(response, from: sender)
    case .heartbeat(let heartbeat): handle(heartbeat, from: sender)
    case .heartbeatResponse(let response): handle(response, from: sender)
    case .snapshot(let install): handle(install, from: sender)
    case .timeoutNow: handleTimeoutNow(from: sender)
    case .readIndexRequest(let request): handle(request, from: sender)
    case .readIndexResponse(let response): handle(response)
    }
  }

  /// Whether a message of a later term ends this one.
  private func raisesTerm(_ message: Message, from sender: Peer) -> Bool {
    switch message {
    // A leader is heard: whoever asks is cut off from it, or removed (thesis §4.2.3).
    case .voteRequest(let request): !request.isPreVote && (request.isTransfer || !isLeaderHeard(by: sender))
    // A granted pre-vote has the term that its sender only thinks of (thesis §9.6).
    case .voteResponse(let response): !(response.isPreVote && response.isGranted)
    default: true
    }
  }

  /// Messages of a later term that leave this one as it is.
  private mutating func handleAhead(_ message: Message, from sender: Peer) {
    switch message {
    case .voteRequest(let request) where request.isPreVote: handlePreVote(request, from: sender)
    case .voteResponse(let response): handle(response, from: sender)
    default: break
    }
  }

  /// Whoever is behind learns the term, and steps down or asks again. Answers of an earlier term are of no use.
  private mutating func answerStale(_ message: Message, to sender: Peer) {
    switch message {
    case .appendRequest, .heartbeat, .snapshot:
      send(.appendResponse(AppendResponse(term: term, result: .staleTerm)), to: sender)
    case .voteRequest(let request):
      send(
        .voteResponse(VoteResponse(term: term, isPreVote: request.isPreVote, isGranted: false)), to: sender)
    case .readIndexRequest(let request):
      send(.readIndexResponse(ReadIndexResponse(term: term, id: request.id, index: nil)), to: sender)
    case .voteResponse, .appendResponse, .heartbeatResponse, .timeoutNow, .readIndexResponse: break
    }
  }

  /// A leader was heard less than an election time-out ago; a leader hears itself, until check-quorum ends it.
  /// A leader that asks for votes itself leads no more (hashicorp/raft#605).
  func isLeaderHeard(by asker: Peer? = nil) -> Bool {
    if role == .leader { return true }
    guard let leader, leader != asker, let heard = following.heardLeader else { return false }
    return now.instant < heard + settings.electionTimeout
  }
}
