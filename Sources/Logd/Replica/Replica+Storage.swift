import CommitLog
import CoreMetrics
import Logging
import Raft
import Synchronization

/// What the storage thread tells, on the event loop.
extension Replica {
  func handle(_ event: LogWriterEvent) {
    guard !state.isClosed else { return }
    switch event {
    case .flushed(_, let ticket, let statistics):
      metrics.flushed(statistics)
      written(ticket)
    case .truncated(let end, let derived, let ticket):
      state.ledger.truncated(derived, end: end, ticket)
      written(ticket)
    case .reset(_, let ticket), .voteSaved(let ticket): written(ticket)
    case .removed(let start): step(.startMoved(start))
    case .removalRefused(let error):
      logger.warning(
        "not all is removed that retention is to remove: the rest goes with the next one",
        metadata: ["error": "\(error)"])
    case .clusterIDRefused(let error):
      state.notedClusterID = nil
      logger.warning("cannot note the cluster's id beside the log", metadata: ["error": "\(error)"])
    case .clusterBeginning: newClusterNoted()
    case .clusterBeginningRefused(let error):
      logger.error("cannot note that another cluster begins: all stays as it was", metadata: ["error": "\(error)"])
      newClusterRefused()
    case .clusterBegunRefused(let error):
      logger.warning("cannot note that the cluster has begun", metadata: ["error": "\(error)"])
      state.owesClusterBegun = true
    case .probed(let hasRoom): if hasRoom { roomReturned() }
    case .refused(let end, let error): storageRefused(end, error)
    case .failed(let error):
      // The kernel has marked the pages clean: nobody knows what is on the disk, and a second fsync would say yes.
      // What was acknowledged is safe; recovery at the next start finds the rest.
      logger.critical("the log has failed: ending the process", metadata: ["error": "\(error)"])
      fatalError("the log has failed: \(error)")
    }
    metrics.extent(extent, queuedBytes: state.pending.bytes)
  }

  private func written(_ ticket: WriteTicket?) {
    guard let ticket else { return }
    step(.written(WriteID(number: ticket.rawValue)))
  }

  /// Nothing is written any more until there is room: a leader hands over, a follower takes nothing. Votes are saved: their blocks are
  /// there.
  private func storageRefused(_ end: LogEnd, _ error: LogError) {
    logger.error("the log refuses writes", metadata: ["error": "\(error)", "end": "\(end)"])
    metrics.refusals.increment()
    state.storageRefusal = error
    // Of all that is pending, nothing from there on was written here. Others may have it.
    let isAlone = state.members?.voters == [peer]
    fail(state.pending.takeTruncated(from: end.nextIndex), isAlone ? .refused(error) : .leadershipLost)
    state.ledger.refused()
    // What waited behind the refused write was dropped, this note too.
    newClusterRefused()
    writer.withLock { $0?.resume() }
    step(.refused(end: end))
  }

  private func roomReturned() {
    logger.notice("the log has room again")
    state.storageRefusal = nil
    step(.roomReturned)
  }
}
