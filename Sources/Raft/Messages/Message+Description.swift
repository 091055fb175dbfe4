import CommitLog

/// One line each, as the transcripts of tests and simulations show them.
extension Message: CustomStringConvertible {
  package var description: String {
    switch self {
    case .voteRequest(let request):
      "\(request.isPreVote ? "pre-vote" : "vote")? term \(request.term) last \(request.last)"
        + (request.isTransfer ? " transfer" : "")
    case .voteResponse(let response):
      "\(response.isPreVote ? "pre-vote" : "vote") \(response.isGranted ? "granted" : "denied") term \(response.term)"
    case .appendRequest(let request):
      "append term \(request.term) after \(request.previous) \(entries(request.batches)) commit \(request.commitIndex)"
    case .appendResponse(let response):
      switch response.result {
      case .accepted(let matched, let flushed):
        "accepted term \(response.term) matched \(matched) flushed \(flushed.index)"
      case .rejected(let previous, let hint): "rejected term \(response.term) after \(previous) hint \(hint)"
      case .staleTerm: "stale, term \(response.term)"
      }
    case .heartbeat(let heartbeat):
      "heartbeat term \(heartbeat.term) commit \(heartbeat.commitIndex) round \(heartbeat.round)"
    case .heartbeatResponse(let response): "alive term \(response.term) round \(response.round)"
    case .snapshot(let install): "snapshot term \(install.term) start \(install.snapshot.start.nextIndex)"
    case .timeoutNow(let timeout): "time out now term \(timeout.term)"
    case .readIndexRequest(let request): "read? term \(request.term)"
    case .readIndexResponse(let response):
      "read term \(response.term) " + (response.index.map { "at \($0)" } ?? "refused")
    }
  }
}

private func entries(_ batches: [RecordBatch]) -> String {
  "[" + batches.map { "\($0.index)@\($0.term)" }.joined(separator: " ") + "]"
}

extension Action: CustomStringConvertible {
  package var description: String {
    switch self {
    case .append(let batches, let write): "append \(entries(batches)) write \(write.number)"
    case .truncate(let index, let write): "truncate from \(index) write \(write.number)"
    case .reset(let snapshot, let write): "reset to \(snapshot.start.nextIndex) write \(write.number)"
    case .save(let state, let write):
      "save term \(state.term) vote \(state.vote?.description ?? "-") write \(write.number)"
    case .send(let message, let receiver): "→\(receiver) \(message)"
    case .fetch(let fetch, let index, let bytes): "fetch \(fetch.number) from \(index) bytes \(bytes)"
    case .fetchSnapshot(let fetch): "fetch \(fetch.number) start"
    case .commit(let index): "commit \(index)"
    case .accepted(let request, let index, let offset, let term):
      "request \(request.number): entry \(index)@\(term) offset \(offset)"
    case .refusedProposal(let request, let refusal): "request \(request.number) refused: \(refusal)"
    case .changed(let request, .success): "request \(request.number) done"
    case .changed(let request, .failure(let refusal)): "request \(request.number) refused: \(refusal)"
    case .readIndex(let request, .success(let index)): "read \(request.number) at \(index)"
    case .readIndex(let request, .failure(let refusal)): "read \(request.number) refused: \(refusal)"
    case .roleChanged(let summary):
      "\(summary.role) term \(summary.term) leader \(summary.leader?.description ?? "-")"
    case .configurationChanged(let entry, let isCommitted):
      "members \(entry.map { "\($0.configuration) at \($0.index)" } ?? "-")" + (isCommitted ? " committed" : "")
    case .probeStorage: "probe storage"
    }
  }
}

extension Configuration: CustomStringConvertible {
  /// Learners in parentheses.
  package var description: String {
    members.map { $0.role == .voter ? $0.peer.id.name : "(\($0.peer.id.name))" }.joined(separator: " ")
  }
}
