import CommitLog
import DequeModule
import Logging
import NIOCore
import Raft
import Synchronization

/// The end of a node: hand over, take no more, make durable what was taken, close.
extension Replica {
  /// Hands leadership to another node, if this one has it and there is another. From any thread; it takes an election time-out at most.
  package func handOver() async {
    let handedOver = eventLoop.makePromise(of: Void.self)
    eventLoop.execute {
      guard self.state.isLeader, (self.state.members?.voters.count ?? 0) > 1 else { return handedOver.succeed() }
      self.logger.info("handing leadership over")
      self.transferLeadership(to: nil) { result in
        if case .failure(let refusal) = result {
          self.logger.notice("leadership could not be handed over", metadata: ["why": "\(refusal)"])
        }
        handedOver.succeed()
      }
    }
    // A promise that only succeeds.
    try? await handedOver.futureResult.get()
  }

  /// Takes no more records, waits until those taken are committed or another node leads, and closes the log. From any thread.
  package func shutDown() async throws {
    try await eventLoop.flatSubmit {
      self.proposeTurn()
      self.state.isAccepting = false
      let drained = self.eventLoop.makePromise(of: Void.self)
      self.state.drained = drained
      self.finishDrainIfIdle()
      // Without a quorum nothing is committed any more: what waits is in doubt, and its callers have been told to stop waiting.
      self.eventLoop.assumeIsolated().scheduleTask(in: Self.drainTimeout) { self.endDrain() }
      return drained.futureResult
    }.get()
    try await eventLoop.submit { self.endCore() }.get()
    let writer = writer.withLock { writer in
      defer { writer = nil }
      return writer
    }
    writer?.shutdown()
    try log.close()
  }

  /// Longer than an election and a slow disk's sync, shorter than a person's patience.
  private static let drainTimeout = TimeAmount.seconds(5)

  func finishDrainIfIdle() {
    if state.pending.isEmpty { endDrain() }
  }

  private func endDrain() {
    state.drained?.succeed()
    state.drained = nil
  }

  private func endCore() {
    let state = state
    fail(state.pending.takeAll(), .shuttingDown)
    let reads = Array(state.askedReads.values) + state.confirmedReads.map(\.completion)
    let changes = Array(state.changes.values)
    state.askedReads = [:]
    state.confirmedReads = []
    state.changes = [:]
    let newCluster = state.newCluster
    state.newCluster = nil
    state.isClosed = true
    state.timer?.cancel()
    state.timer = nil
    for read in reads { read(.failure(.shuttingDown)) }
    for change in changes { change(.failure(.lostLeadership)) }
    // Its note may have come to the disk or not: the next start knows.
    if let newCluster { newCluster.completion?(.failure(.unfinished(newCluster.outcome))) }
    runDeliveries()
  }
}
