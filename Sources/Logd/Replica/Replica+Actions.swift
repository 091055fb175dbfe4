import CommitLog
import CoreMetrics
import DequeModule
import Logging
import NIOCore
import NIOPosix
import Raft
import Synchronization

/// What the core says is done.
extension Replica {
  func carryOut(_ action: Action) {
    switch action {
    case .append(let batches, let id): append(batches, id)
    case .truncate(let index, let id): truncate(from: index, id)
    case .reset(let snapshot, let id): reset(to: snapshot, id)
    case .save(let hardState, let id):
      submit { (writer) throws(LogWriterError) in
        try writer.submitVote(hardState.encoded(), ticket: WriteTicket(id))
      }
    case .send(let message, let receiver):
      state.hasSent = true
      state.transport?.send(message, to: receiver)
    case .fetch(let id, let index, let bytes): fetch(id, from: index, maximumBytes: bytes)
    case .fetchSnapshot(let id): fetchSnapshot(id)
    case .commit(let index): commit(through: index)
    case .accepted(let request, let index, let offset, let term): accepted(request, index, offset, term)
    case .refusedProposal(let request, let refusal): refused(request, refusal)
    case .changed(let request, let result): answerChange(request, result)
    case .readIndex(let request, let result): readAnswered(request, result)
    case .roleChanged(let summary): roleChanged(to: summary)
    case .configurationChanged(let entry, let isCommitted): configurationChanged(to: entry, isCommitted: isCommitted)
    case .probeStorage:
      submit { (writer) throws(LogWriterError) in try writer.submitRoomProbe(bytes: Self.roomProbeBytes) }
    }
  }

  /// What a full disk must have free again before this node takes part: a batch of the default size, and the file system's own.
  private static let roomProbeBytes = 2 << 20

  // MARK: Log

  private func append(_ batches: [RecordBatch], _ id: WriteID) {
    state.readable.appended(batches)
    state.ledger.appended(batches)
    submit { (writer) throws(LogWriterError) in try writer.submit(batches, ticket: WriteTicket(id)) }
  }

  private func truncate(from index: LogIndex, _ id: WriteID) {
    fail(state.pending.takeTruncated(from: index), .leadershipLost)
    state.readable.truncated(from: index)
    state.ledger.truncating(from: index, WriteTicket(id))
    metrics.truncations.increment()
    logger.notice("cutting off what the leader does not have", metadata: ["from_index": "\(index)"])
    submit { (writer) throws(LogWriterError) in try writer.submitTruncation(from: index, ticket: WriteTicket(id)) }
  }

  private func reset(to snapshot: Snapshot, _ id: WriteID) {
    guard let derived = DerivedState(decodingForReplica: snapshot.state) else {
      // Another version's, perhaps. Going on without it would lose what producers sent.
      preconditionFailure("the state of the snapshot at \(snapshot.start) cannot be read; it was checked when it came")
    }
    fail(state.pending.takeAll(), .leadershipLost)
    state.readable.reset(to: snapshot.start)
    state.ledger.reset(to: derived, start: snapshot.start.nextOffset)
    publishExtent()
    metrics.snapshotsInstalled.increment()
    logger.notice(
      "replacing the log by the start of the leader's",
      metadata: ["next_index": "\(snapshot.start.nextIndex)", "start_offset": "\(snapshot.start.nextOffset)"])
    submit { (writer) throws(LogWriterError) in
      try writer.submitReset(to: snapshot.start, state: derived, ticket: WriteTicket(id))
    }
  }

  /// A writer that has just refused something says so by an event, which makes void what is submitted until then.
  func submit(_ work: (LogWriter) throws(LogWriterError) -> Void) {
    do throws(LogWriterError) {
      guard let writer = writer.withLock({ $0 }) else { return }
      try work(writer)
    } catch {
      switch error {
      case .refusing, .failed, .stopped: break
      case .queueFull(let queued, let limit):
        preconditionFailure("\(queued) bytes wait for the disk, more than \(limit): the core bounds them below that")
      }
    }
  }

  // MARK: Reading for followers

  private func fetch(_ id: FetchID, from index: LogIndex, maximumBytes: Int) {
    if let batches = log.readCached(from: index, maximumBytes: maximumBytes) {
      return step(.fetched(id, batches))
    }
    readers.runIfActive(eventLoop: eventLoop) { [log] in
      try log.read(from: index, maximumBytes: maximumBytes)
    }.assumeIsolated().whenComplete { result in
      if case .failure(let error) = result {
        self.logger.warning("cannot read for a follower", metadata: ["index": "\(index)", "error": "\(error)"])
      }
      self.step(.fetched(id, (try? result.get()) ?? []))
    }
  }

  private func fetchSnapshot(_ id: FetchID) {
    readers.runIfActive(eventLoop: eventLoop) { [log] in
      let (start, derived) = try log.startState()
      return Snapshot(start: start, derived)
    }.assumeIsolated().whenComplete { result in
      if case .failure(let error) = result {
        self.logger.warning("cannot read the log's start for a follower", metadata: ["error": "\(error)"])
      }
      self.step(.snapshotFetched(id, (try? result.get()) ?? nil))
    }
  }

  // MARK: Commit

  private func commit(through index: LogIndex) {
    let committed = state.pending.takeCommitted(through: index)
    if !committed.isEmpty {
      let now = NIODeadline.now()
      for proposal in committed { metrics.committed(proposal.records, after: now - proposal.proposedAt) }
      deliver { self.acknowledge(committed) }
    }
    if !state.retriesOfEarlierTerms.isEmpty, state.core.hasCommittedInTerm { endRetriesOfEarlierTerms(.success(())) }
    if let start = state.ledger.committed(through: index) {
      publishExtent()
      submit { (writer) throws(LogWriterError) in try writer.submitRemoval(before: start) }
    }
  }

  private func acknowledge(_ committed: [PendingProposals<ReplicaState.Completion>.Proposal]) {
    for proposal in committed {
      var place = ProducedRecord(offset: proposal.baseOffset, term: proposal.term)
      for completion in proposal.completions {
        completion(.success(place))
        place.offset = place.offset.advanced(by: 1)
      }
      place = ProducedRecord(offset: proposal.baseOffset, term: proposal.term, isDuplicate: true)
      for completion in proposal.retries { completion(.success(place)) }
    }
    finishDrainIfIdle()
  }

  func endRetriesOfEarlierTerms(_ result: Result<Void, ProduceError>) {
    let retries = state.retriesOfEarlierTerms
    state.retriesOfEarlierTerms = []
    deliver { for retry in retries { retry(result) } }
  }
}

extension WriteTicket {
  init(_ id: WriteID) {
    self.init(id.number)
  }
}

extension Snapshot {
  /// nil when the log has no configuration before its start, so that nobody can be told of it.
  init?(start: LogEnd, _ derived: DerivedState) {
    guard let noted = derived.configuration, let configuration = Raft.Configuration(decoding: noted.payload) else {
      return nil
    }
    self.init(
      start: start, configuration: .init(index: noted.index, configuration: configuration),
      state: derived.encodedForReplica())
  }
}
