/// Why a writer takes nothing.
package enum LogWriterError: Error, Equatable, Sendable {
  /// More bytes wait than the queue may hold. Try again after the next flush.
  case queueFull(queuedBytes: Int, limit: Int)
  /// A write was refused, and nothing is taken until ``LogWriter/resume()``.
  case refusing(LogError)
  /// Nothing will ever be written again.
  case failed(LogError)
  case stopped
}

extension LogWriterError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .queueFull(let queued, let limit): "the storage queue is full: \(queued) of \(limit) bytes wait for the disk"
    case .refusing(let error): "the log refuses writes: \(error)"
    case .failed(let error): "the log has failed: \(error)"
    case .stopped: "the log writer is stopped"
    }
  }
}

/// What a drain of the queue cost.
package struct DrainStatistics: Hashable, Sendable {
  package var batches = 0
  package var bytes = 0
  package var writeDuration = Duration.zero
  package var syncDuration = Duration.zero
}

/// Names a write in the event that says that it is durable. Whoever submits chooses them; they rise.
package struct WriteTicket: Ordinal {
  package let rawValue: UInt64

  package init(_ rawValue: UInt64) {
    self.rawValue = rawValue
  }
}

/// What happened on the storage thread, told there, in order. A handler returns at once: the disk waits for it.
package enum LogWriterEvent: Sendable {
  /// Everything up to here is durable. Once for each drain, with the newest ticket of its batches.
  case flushed(Flushed, through: WriteTicket?, DrainStatistics)
  /// The log was cut from the back, as asked, and goes on from here; with what follows from what stayed.
  case truncated(LogEnd, DerivedState, WriteTicket?)
  /// The log was replaced, as asked, and starts here.
  case reset(LogEnd, WriteTicket?)
  case voteSaved(WriteTicket?)
  /// The log was cut from the front, as far as it went, and starts here.
  case removed(start: LogEnd)
  /// Behind that event: more was to be removed, and is still there. Nothing else waits for that.
  case removalRefused(LogError)
  /// The log's cluster could not be noted. Nothing else waits for that.
  case clusterIDRefused(LogError)
  /// The log belongs to another cluster from now on, which it begins.
  case clusterBeginning
  /// It stays in its cluster.
  case clusterBeginningRefused(LogError)
  /// That the cluster has begun could not be noted; it has, all the same.
  case clusterBegunRefused(LogError)
  case probed(hasRoom: Bool)
  /// A write was refused, and all that waited behind it was dropped. The log ends here and goes on after ``LogWriter/resume()``.
  case refused(end: LogEnd, LogError)
  /// The log is of no use any more: end the process.
  case failed(LogError)
}
