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

/// What happened on the storage thread, told there, in order. A handler returns at once: the disk waits for it.
package enum LogWriterEvent: Sendable {
  /// Everything up to here is durable. Once for each drain.
  case flushed(Flushed, DrainStatistics)
  /// The log was cut from the back, as asked, and goes on from here.
  case truncated(LogEnd)
  /// The log was cut from the front, as asked, and starts here.
  case removed(start: LogEnd)
  /// The cut to this batch, or the batch, was refused, and all that waited behind it was dropped. The log goes on where it
  /// ended: after a cut that was refused this is behind the batch, and what was to be cut is there.
  case refused(from: LogIndex, LogError)
  /// The log is of no use any more: end the process.
  case failed(LogError)
}
