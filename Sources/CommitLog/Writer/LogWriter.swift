package import NIOCore
import Synchronization

/// The storage thread of a log: group commit without a timer. While one sync runs, batches queue; then all of them go to the
/// disk in one write and one sync.
package final class LogWriter: Sendable {
  private enum Work {
    case append([RecordBatch], WriteTicket?)
    case truncate(from: LogIndex, WriteTicket?)
    case reset(to: LogEnd, DerivedState, WriteTicket?)
    case saveVote(ByteBuffer, WriteTicket?)
    case remove(before: Offset)
    case setClusterID(String)
    case beginCluster(String)
    case clusterHasBegun
    case probeRoom(bytes: Int)
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
  package func submit(_ batches: [RecordBatch], ticket: WriteTicket? = nil) throws(LogWriterError) {
    guard !batches.isEmpty else { return }
    try enqueue(.append(batches, ticket), bytes: batches.reduce(0) { $0 + $1.byteCount })
  }

  /// Queues a cut from the back, in order with the batches.
  package func submitTruncation(from index: LogIndex, ticket: WriteTicket? = nil) throws(LogWriterError) {
    try enqueue(.truncate(from: index, ticket), bytes: 0)
  }

  /// Queues the replacement of the whole log by an empty one.
  package func submitReset(
    to start: LogEnd, state: DerivedState, ticket: WriteTicket? = nil
  ) throws(LogWriterError) {
    try enqueue(.reset(to: start, state, ticket), bytes: 0)
  }

  /// Queues what ``Log/saveVote(_:)`` saves.
  package func submitVote(_ vote: ByteBuffer, ticket: WriteTicket? = nil) throws(LogWriterError) {
    try enqueue(.saveVote(vote, ticket), bytes: 0)
  }

  /// Queues a cut from the front.
  package func submitRemoval(before offset: Offset) throws(LogWriterError) {
    try enqueue(.remove(before: offset), bytes: 0)
  }

  /// Queues what ``Log/setClusterID(_:)`` notes.
  package func submitClusterID(_ id: String) throws(LogWriterError) {
    try enqueue(.setClusterID(id), bytes: 0)
  }

  /// Queues what ``Log/beginCluster(_:)`` notes.
  package func submitClusterBeginning(_ id: String) throws(LogWriterError) {
    try enqueue(.beginCluster(id), bytes: 0)
  }

  /// Queues what ``Log/clusterHasBegun()`` notes.
  package func submitClusterBegun() throws(LogWriterError) {
    try enqueue(.clusterHasBegun, bytes: 0)
  }

  /// Asks whether the disk has room for that many bytes; ``LogWriterEvent/probed(hasRoom:)`` answers.
  package func submitRoomProbe(bytes: Int) throws(LogWriterError) {
    try enqueue(.probeRoom(bytes: bytes), bytes: 0)
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
    var pending = Pending()
    do throws(LogError) {
      for item in work {
        if case .append(let batches, let ticket) = item {
          pending.add(batches, ticket)
        } else {
          try write(&pending)
          try carryOut(item)
        }
      }
      try write(&pending)
    } catch {
      refuse(error)
    }
  }

  private func carryOut(_ item: Work) throws(LogError) {
    switch item {
    case .append: preconditionFailure("batches are written together")
    case .truncate(let index, let ticket):
      try log.truncate(from: index)
      onEvent(.truncated(log.flushedEnd, log.derivedState, ticket))
    case .reset(let start, let state, let ticket):
      try log.reset(to: start, state: state)
      onEvent(.reset(start, ticket))
    case .saveVote(let vote, let ticket):
      try log.saveVote(vote)
      onEvent(.voteSaved(ticket))
    case .remove(let offset): try remove(before: offset)
    case .setClusterID(let id):
      try noteCluster({ (log) throws(LogError) in try log.setClusterID(id) }, or: { .clusterIDRefused($0) })
    case .beginCluster(let id):
      let isNoted = try noteCluster(
        { (log) throws(LogError) in try log.beginCluster(id) }, or: { .clusterBeginningRefused($0) })
      if isNoted { onEvent(.clusterBeginning) }
    case .clusterHasBegun:
      try noteCluster({ (log) throws(LogError) in try log.clusterHasBegun() }, or: { .clusterBegunRefused($0) })
    case .probeRoom(let bytes): onEvent(.probed(hasRoom: log.hasRoom(for: bytes)))
    }
  }

  /// Segments go one after the other, so that some may be gone when an error comes; nothing that is written rests on the rest.
  private func remove(before offset: Offset) throws(LogError) {
    do throws(LogError) {
      onEvent(.removed(start: try log.removeSegments(before: offset)))
    } catch {
      if log.hasFailed { throw error }
      onEvent(.removed(start: log.start))
      onEvent(.removalRefused(error))
    }
  }

  /// Nothing that is written behind a note rests on it: a full disk that refuses one must not stop the writes.
  @discardableResult
  private func noteCluster(
    _ note: (Log) throws(LogError) -> Void, or refusal: (LogError) -> LogWriterEvent
  ) throws(LogError) -> Bool {
    do throws(LogError) {
      try note(log)
      return true
    } catch {
      if log.hasFailed { throw error }
      onEvent(refusal(error))
      return false
    }
  }

  /// Batches that are written and synced together.
  private struct Pending {
    var batches: [RecordBatch] = []
    /// The newest.
    var ticket: WriteTicket?

    mutating func add(_ added: [RecordBatch], _ newest: WriteTicket?) {
      if batches.isEmpty { batches = added } else { batches += added }
      ticket = newest ?? ticket
    }
  }

  /// One vectored write and one sync for all of the batches.
  private func write(_ pending: inout Pending) throws(LogError) {
    guard !pending.batches.isEmpty else { return }
    var statistics = DrainStatistics()
    statistics.batches = pending.batches.count
    statistics.bytes = pending.batches.reduce(0) { $0 + $1.byteCount }
    let clock = ContinuousClock()
    let start = clock.now
    try log.append(pending.batches)
    let ticket = pending.ticket
    pending = Pending()
    let written = clock.now
    let flushed = try log.flush()
    statistics.writeDuration = start.duration(to: written)
    statistics.syncDuration = written.duration(to: clock.now)
    onEvent(.flushed(flushed, through: ticket, statistics))
  }

  /// Drops everything, for what waits continues what was refused.
  private func refuse(_ error: LogError) {
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
    onEvent(isFinal ? .failed(error) : .refused(end: log.acceptedEnd, error))
  }
}
