import CommitLog
import CoreMetrics
package import NIOCore
import NIOPosix
import Raft

/// From records to proposals.
extension Replica {
  package func produce(_ value: ByteBuffer, completion: @escaping (Result<ProducedRecord, ProduceError>) -> Void) {
    let state = state
    if let error = refusal(of: value) {
      metrics.rejected.increment()
      return completion(.failure(error))
    }
    if state.open.count == 0 {
      state.openTime = .now
    } else if state.open.byteCount(appending: value.readableBytes) > batchLimits.maximumBatchBytes {
      closeOpenBatch()
    }
    state.open.append(value, timestamp: state.openTime)
    state.openCompletions.append(completion)
    if state.open.byteCount >= configuration.maximumBatchBytes { closeOpenBatch() }
    proposeLater()
  }

  private func refusal(of value: ByteBuffer) -> ProduceError? {
    if let refusal = refusalToProduce { return refusal }
    guard value.readableBytes <= configuration.maximumRecordBytes else {
      return .recordTooLarge(bytes: value.readableBytes, maximum: configuration.maximumRecordBytes)
    }
    return overload(adding: value.readableBytes)
  }

  /// Why this node takes nothing.
  private var refusalToProduce: ProduceError? {
    guard state.isAccepting else { return .shuttingDown }
    if state.isLeader { return nil }
    if let leader = state.leaderHint { return .notLeader(leader) }
    return state.storageRefusal.map { .refused($0) } ?? .notLeader(nil)
  }

  /// What is not proposed yet counts with what is: the core bounds the rest.
  private func overload(adding bytes: Int) -> ProduceError? {
    let queued = state.pending.bytes + state.open.byteCount + state.turn.bytes + state.admittingBytes
    guard queued + bytes <= configuration.maximumUncommittedBytes else { return .overloaded(queuedBytes: queued) }
    return nil
  }

  package func admit(_ encoded: ByteBuffer, completion: @escaping (Result<ProducerBatch, ProduceError>) -> Void) {
    let limits = batchLimits
    let batch: RecordBatch
    do throws(ProduceError) {
      if let refusal = refusalToProduce { throw refusal }
      batch = try ProducerBatch.decode(encoded, limits: limits)
      if batch.codec == .none { return completion(.success(try ProducerBatch(batch, limits: limits))) }
      if let error = overload(adding: batch.byteCount) { throw error }
    } catch {
      metrics.rejected.increment()
      return completion(.failure(error))
    }
    state.admittingBytes += batch.byteCount
    readers.runIfActive(eventLoop: eventLoop) {
      Result { () throws(ProduceError) in try ProducerBatch(batch, limits: limits) }
    }.assumeIsolated().whenComplete { result in
      self.state.admittingBytes -= batch.byteCount
      // The pool fails what it is given once it has shut down.
      let checked = (try? result.get()) ?? .failure(.shuttingDown)
      if case .failure = checked { self.metrics.rejected.increment(by: Int64(batch.count)) }
      completion(checked)
    }
  }

  package func produce(
    _ batch: ProducerBatch, completion: @escaping (Result<ProducedRecord, ProduceError>) -> Void
  ) {
    if let refusal = refusalToProduce ?? overload(adding: batch.batch.byteCount) {
      metrics.rejected.increment(by: Int64(batch.count))
      return completion(.failure(refusal))
    }
    // What came before it comes before it.
    closeOpenBatch()
    guard batch.batch.producer.id != 0 else {
      state.turn.append(batch.batch, [completion])
      return proposeLater()
    }
    // Whether it is a retry is told by all that was proposed before it.
    proposeTurn()
    produceOnce(batch.batch, completion)
  }

  /// A batch of a producer that numbers its records.
  private func produceOnce(_ batch: RecordBatch, _ completion: @escaping ReplicaState.Completion) {
    let producer = batch.producer
    func refuse(_ error: ProduceError) {
      metrics.rejected.increment(by: Int64(batch.count))
      completion(.failure(error))
    }
    guard let producers = state.ledger.producers else { return refuse(.notReady) }
    switch producers.verdict(on: producer, count: batch.count) {
    case .next:
      state.turn.append(batch, [completion])
      proposeTurn()
    case .duplicate(let offset):
      metrics.duplicates.increment()
      acknowledgeRetry(at: offset, completion)
    case .fenced(let epoch): refuse(.producerFenced(epoch: epoch))
    case .tooOld(let next): refuse(.sequenceTooOld(sequence: producer.sequence, next: next))
    case .gap(let expected): refuse(.sequenceGap(sequence: producer.sequence, expected: expected))
    }
  }

  /// It is in the log. What this leader proposed itself and does not wait for is committed; what leaders before it did is with its
  /// first entry.
  private func acknowledgeRetry(at offset: Offset, _ completion: @escaping ReplicaState.Completion) {
    let state = state
    if state.pending.join(completion, at: offset) { return }
    let retry = ProducedRecord(offset: offset, term: state.role.term, isDuplicate: true)
    if state.core.hasCommittedInTerm { return completion(.success(retry)) }
    state.retriesOfEarlierTerms.append { completion($0.map { retry }) }
  }

  // MARK: Proposing

  /// At the end of this turn of the loop: all calls that it reads from its sockets share a proposal.
  private func proposeLater() {
    let state = state
    guard !state.proposalIsScheduled else { return }
    state.proposalIsScheduled = true
    eventLoop.assumeIsolated().execute {
      state.proposalIsScheduled = false
      self.proposeTurn()
    }
  }

  private func closeOpenBatch() {
    let state = state
    guard state.open.count > 0 else { return }
    // The next one is about as large.
    var builder = RecordBatch.Builder(capacity: min(state.open.byteCount, Self.maximumExpectedBytes))
    var completions: [ReplicaState.Completion] = []
    completions.reserveCapacity(state.openCompletions.count)
    swap(&builder, &state.open)
    swap(&completions, &state.openCompletions)
    state.turn.append(builder.finish(), completions)
  }

  /// What an idle node holds ready for the next batch at most: that of some hundred small records.
  private static let maximumExpectedBytes = 16 << 10

  func proposeTurn() {
    closeOpenBatch()
    let state = state
    guard !state.turn.batches.isEmpty else { return }
    precondition(!state.isStepping, "a proposal while the core's actions are carried out: it would come out of order")
    var turn = ReplicaState.Turn()
    swap(&turn, &state.turn)
    let request = state.makeRequest()
    let batches = turn.batches
    state.proposing = (request, turn)
    step(.propose(batches, request))
    precondition(state.proposing == nil, "the core neither accepted nor refused proposal \(request.number)")
  }

  func accepted(_ request: RequestID, _ index: LogIndex, _ baseOffset: Offset, _ term: Term) {
    guard let turn = takeProposal(request) else { return }
    var index = index
    var offset = baseOffset
    let now = NIODeadline.now()
    for (batch, completions) in zip(turn.batches, turn.completions) {
      state.pending.append(
        .init(
          index: index, term: term, baseOffset: offset, bytes: batch.byteCount, records: Int(batch.count),
          proposedAt: now, completions: completions))
      index = index.advanced(by: 1)
      offset = offset.advanced(by: batch.count)
    }
    metrics.queuedBytes.record(state.pending.bytes)
  }

  func refused(_ request: RequestID, _ refusal: ProposalRefusal) {
    guard let turn = takeProposal(request) else { return }
    let error: ProduceError =
      switch refusal {
      case .notLeader(let leader): .notLeader(leader.map(state.hint))
      case .transferring(let target): .transferring(to: state.hint(target))
      case .overloaded(let bytes): .overloaded(queuedBytes: bytes)
      }
    metrics.rejected.increment(by: turn.batches.reduce(0) { $0 + Int64($1.count) })
    deliver {
      for completion in turn.completions.joined() { completion(.failure(error)) }
    }
  }

  /// nil for what this node proposes by itself.
  private func takeProposal(_ request: RequestID) -> ReplicaState.Turn? {
    guard let (proposed, turn) = state.proposing, proposed == request else { return nil }
    state.proposing = nil
    return turn
  }

  func fail(_ proposals: [PendingProposals<ReplicaState.Completion>.Proposal], _ error: ProduceError) {
    guard !proposals.isEmpty else { return }
    metrics.rejected.increment(by: proposals.reduce(0) { $0 + Int64($1.records) })
    deliver {
      for proposal in proposals {
        for completion in proposal.completions + proposal.retries { completion(.failure(error)) }
      }
      self.finishDrainIfIdle()
    }
  }
}
