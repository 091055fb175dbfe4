import NIOCore
import Synchronization

/// The storage thread of a log: group commit without a timer. While one sync runs, batches queue; then all of them go to the
/// disk in one write and one sync.
package final class LogWriter: Sendable {
  private enum Work {
    case append([RecordBatch])
    case truncate(from: LogIndex)
    case remove(before: Offset)
  }

  private enum Phase {
    case running
    case refusing(LogError)
    case failed(LogError)
    case stopping
  }

  private struct Queue {
    var phase = Phase.running
    var work: [Work] = []
    var bytes = 0
    /// nil once somebody waits for its end.
    var thread: StorageThread?
    var isStopping = false
  }

  /// 64 MiB: what a slow disk takes a second or so to write; more would only be more to wait for.
  package static let defaultMaximumQueuedBytes = 64 << 20

  private let log: Log
  private let maximumQueuedBytes: Int
  private let onEvent: @Sendable (LogWriterEvent) -> Void
  private let queue = Mutex(Queue())
  private let wakeUp = Semaphore()

  /// Starts the thread. Nothing else may write to the log from now on.
  package init(
    log: Log, maximumQueuedBytes: Int = LogWriter.defaultMaximumQueuedBytes, threadName: String = "log-storage",
    onEvent: @escaping @Sendable (LogWriterEvent) -> Void
  ) {
    self.log = log
    self.maximumQueuedBytes = maximumQueuedBytes
    self.onEvent = onEvent
    let thread = StorageThread(name: threadName) { self.run() }
    queue.withLock { $0.thread = thread }
  }

  /// Bytes that wait for the disk.
  package var queuedBytes: Int { queue.withLock { $0.bytes } }

  /// Queues stamped batches for the disk. Into an empty queue any number of bytes is taken, so that a large batch passes.
  package func submit(_ batches: [RecordBatch]) throws(LogWriterError) {
    guard !batches.isEmpty else { return }
    try enqueue(.append(batches), bytes: batches.reduce(0) { $0 + $1.byteCount })
  }

  /// Queues a cut from the back, in order with the batches.
  package func submitTruncation(from index: LogIndex) throws(LogWriterError) {
    try enqueue(.truncate(from: index), bytes: 0)
  }

  /// Queues a cut from the front.
  package func submitRemoval(before offset: Offset) throws(LogWriterError) {
    try enqueue(.remove(before: offset), bytes: 0)
  }

  private func enqueue(_ work: Work, bytes: Int) throws(LogWriterError) {
    let wasEmpty = try queue.withLock { (queue) throws(LogWriterError) in
      switch queue.phase {
      case .running: break
      case .refusing(let error): throw .refusing(error)
      case .failed(let error): throw .failed(error)
      case .stopping: throw .stopped
      }
      guard bytes == 0 || queue.bytes == 0 || queue.bytes + bytes <= maximumQueuedBytes else {
        throw .queueFull(queuedBytes: queue.bytes, limit: maximumQueuedBytes)
      }
      let wasEmpty = queue.work.isEmpty
      queue.work.append(work)
      queue.bytes += bytes
      return wasEmpty
    }
    if wasEmpty { wakeUp.post() }
  }

  /// Takes batches again after a refusal. The next one must continue what the log has accepted.
  package func resume() {
    queue.withLock { queue in
      if case .refusing = queue.phase { queue.phase = .running }
    }
  }

  /// Writes what was queued, then ends the thread. Not to be called from an event handler.
  package func shutdown() {
    let thread = queue.withLock { queue in
      if case .failed = queue.phase {} else { queue.phase = .stopping }
      queue.isStopping = true
      defer { queue.thread = nil }
      return queue.thread
    }
    guard let thread else { return }
    wakeUp.post()
    thread.join()
  }

  // MARK: On the storage thread

  private func run() {
    while true {
      let (work, isLast) = queue.withLock { queue in
        defer {
          queue.work = []
          queue.bytes = 0
        }
        return (queue.work, queue.isStopping)
      }
      if !work.isEmpty {
        drain(work)
      } else if isLast {
        return
      } else {
        log.mark()
        wakeUp.wait()
      }
    }
  }

  private func drain(_ work: [Work]) {
    var pending: [RecordBatch] = []
    do throws(LogError) {
      for item in work {
        switch item {
        case .append(let batches):
          pending += batches
        case .truncate(let index):
          try write(&pending)
          do throws(LogError) {
            try log.truncate(from: index)
          } catch {
            return refuse(error, from: min(index, log.acceptedEnd.nextIndex))
          }
          onEvent(.truncated(log.flushedEnd))
        case .remove(let offset):
          try write(&pending)
          onEvent(.removed(start: try log.removeSegments(before: offset)))
        }
      }
      try write(&pending)
    } catch {
      refuse(error, from: log.acceptedEnd.nextIndex)
    }
  }

  /// One vectored write and one sync for all of the batches.
  private func write(_ pending: inout [RecordBatch]) throws(LogError) {
    guard !pending.isEmpty else { return }
    var statistics = DrainStatistics()
    statistics.batches = pending.count
    statistics.bytes = pending.reduce(0) { $0 + $1.byteCount }
    let clock = ContinuousClock()
    let start = clock.now
    try log.append(pending)
    pending = []
    let written = clock.now
    let flushed = try log.flush()
    statistics.writeDuration = start.duration(to: written)
    statistics.syncDuration = written.duration(to: clock.now)
    onEvent(.flushed(flushed, statistics))
  }

  /// Drops everything, for what waits continues what was refused.
  private func refuse(_ error: LogError, from index: LogIndex) {
    let isFinal = log.hasFailed
    queue.withLock { queue in
      queue.work = []
      queue.bytes = 0
      if isFinal {
        queue.phase = .failed(error)
      } else if case .running = queue.phase {
        queue.phase = .refusing(error)
      }
    }
    onEvent(isFinal ? .failed(error) : .refused(from: index, error))
  }
}
