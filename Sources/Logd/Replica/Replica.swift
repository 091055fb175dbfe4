package import CommitLog
import CoreMetrics
package import Logging
package import NIOCore
package import NIOPosix
import Synchronization

/// The log of one node, as its APIs see it: stamps batches, hands them to the storage thread and answers when they are
/// durable. All state is confined to one event loop, so that a produce call goes from its socket to the log without a
/// hop.
///
/// A single member is its own quorum: what it has flushed is committed.
package final class Replica: RecordLog {
  package struct Configuration: Sendable {
    /// The largest value of a record.
    package var maximumRecordBytes: Int
    /// Bytes that may wait for the disk before producers are told to come back later.
    package var maximumQueuedBytes: Int
    /// A batch is closed at this size; one write carries many.
    package var maximumBatchBytes: Int
    /// The largest batch that is taken from a producer; the largest record is taken in a batch of its own all the same.
    package var maximumProducerBatchBytes: Int

    package init(
      maximumRecordBytes: Int, maximumQueuedBytes: Int = 64 << 20, maximumBatchBytes: Int = 1 << 20,
      maximumProducerBatchBytes: Int = 1 << 20
    ) {
      self.maximumRecordBytes = maximumRecordBytes
      self.maximumQueuedBytes = maximumQueuedBytes
      self.maximumBatchBytes = maximumBatchBytes
      self.maximumProducerBatchBytes = maximumProducerBatchBytes
    }
  }

  typealias Completion = (Result<ProducedRecord, ProduceError>) -> Void

  /// A class, for a box gives out a value by a copy of all that is in it, several times for each call.
  private final class State {
    /// Where the next batch goes, and in which term.
    var end: LogEnd
    let term: Term
    var pending = PendingProposals<Completion>()
    /// The batch that calls of this turn of the loop write into, the time of its records, and whom to tell.
    var open = RecordBatch.Builder()
    var openTime = Timestamp.now
    var openCompletions: [Completion] = []
    var sealIsScheduled = false
    /// Bytes of compressed batches that are being looked into.
    var admittingBytes = 0
    var isAccepting = true
    var waiters: [UInt64: (offset: Offset, action: () -> Void)] = [:]
    var nextWaiter: UInt64 = 0
    var drained: EventLoopPromise<Void>?

    init(end: LogEnd) {
      self.end = end
      // A single node that has never been in an election is the leader of the first term.
      term = max(end.lastTerm, Term(1))
    }
  }

  package let eventLoop: any EventLoop
  package let batchLimits: ProducerBatch.Limits
  private let log: Log
  private let configuration: Configuration
  private let readers: NIOThreadPool
  private let logger: Logger
  private let metrics: ReplicaMetrics
  private let state: NIOLoopBound<State>
  /// The commit position, for every thread; written on the loop alone.
  private let committedEnd: Atomic<UInt64>
  private let writer: Mutex<LogWriter?>

  private init(
    log: Log, configuration: Configuration, eventLoop: any EventLoop, readers: NIOThreadPool, metrics: ReplicaMetrics,
    logger: Logger
  ) {
    let end = log.flushedEnd
    self.log = log
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.readers = readers
    self.logger = logger
    self.metrics = metrics
    state = NIOLoopBound(State(end: end), eventLoop: eventLoop)
    committedEnd = Atomic(end.nextOffset.rawValue)
    writer = Mutex(nil)
    let largest = max(
      configuration.maximumProducerBatchBytes,
      RecordBatch.Builder().byteCount(appending: configuration.maximumRecordBytes))
    batchLimits = ProducerBatch.Limits(
      maximumRecordBytes: configuration.maximumRecordBytes,
      maximumBatchBytes: min(largest, log.configuration.maximumBatchBytes))
  }

  /// Starts the storage thread. Call on `eventLoop`.
  ///
  /// - Parameters:
  ///   - log: open and recovered; the replica is its one writer from now on and closes it.
  ///   - readers: threads that may block on the disk.
  package static func start(
    log: Log, configuration: Configuration, eventLoop: any EventLoop, readers: NIOThreadPool, metrics: ReplicaMetrics,
    logger: Logger
  ) -> Replica {
    let replica = Replica(
      log: log, configuration: configuration, eventLoop: eventLoop, readers: readers, metrics: metrics, logger: logger)
    let writer = LogWriter(log: log, maximumQueuedBytes: configuration.maximumQueuedBytes) { event in
      replica.eventLoop.execute { replica.handle(event) }
    }
    replica.writer.withLock { $0 = writer }
    return replica
  }

  // MARK: RecordLog

  package var extent: LogExtent {
    LogExtent(start: log.startOffset, end: Offset(committedEnd.load(ordering: .acquiring)))
  }

  package func produce(_ value: ByteBuffer, completion: @escaping (Result<ProducedRecord, ProduceError>) -> Void) {
    if let error = refusal(of: value) {
      metrics.rejected.increment()
      return completion(.failure(error))
    }
    let state = state.value
    if state.open.byteCount(appending: value.readableBytes) > log.configuration.maximumBatchBytes { seal() }
    // Records that come together share a time.
    if state.open.count == 0 { state.openTime = .now }
    state.open.append(value, timestamp: state.openTime)
    state.openCompletions.append(completion)
    if state.open.byteCount >= configuration.maximumBatchBytes {
      seal()
    } else if !state.sealIsScheduled {
      // The calls that this turn of the loop reads from its sockets share one batch.
      state.sealIsScheduled = true
      eventLoop.execute { self.seal() }
    }
  }

  private func refusal(of value: ByteBuffer) -> ProduceError? {
    guard state.value.isAccepting else { return .shuttingDown }
    guard value.readableBytes <= configuration.maximumRecordBytes else {
      return .recordTooLarge(bytes: value.readableBytes, maximum: configuration.maximumRecordBytes)
    }
    return overload(adding: value.readableBytes)
  }

  private func overload(adding bytes: Int) -> ProduceError? {
    let state = state.value
    let queued = state.pending.bytes + state.open.byteCount + state.admittingBytes
    guard queued + bytes <= configuration.maximumQueuedBytes else { return .overloaded(queuedBytes: queued) }
    return nil
  }

  package func admit(_ encoded: ByteBuffer, completion: @escaping (Result<ProducerBatch, ProduceError>) -> Void) {
    let limits = batchLimits
    let batch: RecordBatch
    do throws(ProduceError) {
      batch = try ProducerBatch.decode(encoded, limits: limits)
      if batch.codec == .none { return completion(.success(try ProducerBatch(batch, limits: limits))) }
      if let error = overload(adding: batch.byteCount) { throw error }
    } catch {
      metrics.rejected.increment()
      return completion(.failure(error))
    }
    state.value.admittingBytes += batch.byteCount
    readers.runIfActive(eventLoop: eventLoop) {
      Result { () throws(ProduceError) in try ProducerBatch(batch, limits: limits) }
    }.assumeIsolated().whenComplete { result in
      self.state.value.admittingBytes -= batch.byteCount
      // The pool fails what it is given once it has shut down.
      let checked = (try? result.get()) ?? .failure(.shuttingDown)
      if case .failure = checked { self.metrics.rejected.increment(by: Int64(batch.count)) }
      completion(checked)
    }
  }

  package func produce(
    _ batch: ProducerBatch, completion: @escaping (Result<ProducedRecord, ProduceError>) -> Void
  ) {
    let refusal = state.value.isAccepting ? overload(adding: batch.batch.byteCount) : .shuttingDown
    if let refusal {
      metrics.rejected.increment(by: Int64(batch.count))
      return completion(.failure(refusal))
    }
    // What came before it comes before it.
    seal()
    propose(batch.batch, [completion])
  }

  package func read(from offset: Offset, maximumBytes: Int) -> EventLoopFuture<[RecordBatch]> {
    let end = extent.end
    // The disk may make a read wait: never on the loop.
    return readers.runIfActive(eventLoop: eventLoop) { [log] in
      // What is flushed but not yet committed is nobody's to see.
      try log.read(from: offset, maximumBytes: maximumBytes).prefix { $0.nextOffset <= end }.map(\.self)
    }
  }

  package func readCached(from offset: Offset, maximumBytes: Int) -> [RecordBatch]? {
    let end = extent.end
    guard let batches = log.readCached(from: offset, maximumBytes: maximumBytes) else {
      metrics.tailCacheMisses.increment()
      return nil
    }
    metrics.tailCacheHits.increment()
    return batches.prefix { $0.nextOffset <= end }.map(\.self)
  }

  package func records(of batch: RecordBatch) -> EventLoopFuture<Records> {
    readers.runIfActive(eventLoop: eventLoop) { try batch.records }
  }

  package func offset(at time: Timestamp) -> EventLoopFuture<Offset> {
    let end = extent.end
    return readers.runIfActive(eventLoop: eventLoop) { [log] in min(try log.offset(at: time), end) }
  }

  package func whenReadable(_ offset: Offset, _ action: @escaping () -> Void) -> ReadWaiter {
    let waiter = ReadWaiter(number: state.value.nextWaiter)
    state.value.nextWaiter += 1
    if offset < extent.end {
      action()
    } else {
      state.value.waiters[waiter.number] = (offset, action)
    }
    return waiter
  }

  package func cancel(_ waiter: ReadWaiter) {
    state.value.waiters[waiter.number] = nil
  }

  // MARK: Proposals

  /// Closes the open batch, stamps it and hands it to the storage thread.
  private func seal() {
    let state = state.value
    state.sealIsScheduled = false
    guard state.open.count > 0 else { return }
    // The next one is about as large.
    var builder = RecordBatch.Builder(capacity: min(state.open.byteCount, Self.maximumExpectedBytes))
    var completions: [Completion] = []
    completions.reserveCapacity(state.openCompletions.count)
    swap(&builder, &state.open)
    swap(&completions, &state.openCompletions)
    propose(builder.finish(), completions)
  }

  /// What an idle node holds ready for the next batch at most: that of some hundred small records.
  private static let maximumExpectedBytes = 16 << 10

  /// Stamps a batch and hands it to the storage thread.
  private func propose(_ unstamped: consuming RecordBatch, _ completions: [Completion]) {
    let state = state.value
    let batch = unstamped.stamped(
      index: state.end.nextIndex, term: state.term, baseOffset: state.end.nextOffset, appendTime: .now)
    let records = Int(batch.count)
    do {
      guard let writer = writer.withLock({ $0 }) else { return fail(completions, records: records, .shuttingDown) }
      try writer.submit([batch])
    } catch {
      return fail(completions, records: records, produceError(error))
    }
    state.pending.append(
      .init(
        index: batch.index, baseOffset: batch.baseOffset, bytes: batch.byteCount, records: records,
        completions: completions))
    state.end = LogEnd(nextIndex: batch.index.advanced(by: 1), nextOffset: batch.nextOffset, lastTerm: batch.term)
    metrics.queuedBytes.record(state.pending.bytes)
  }

  private func produceError(_ error: LogWriterError) -> ProduceError {
    switch error {
    case .queueFull(let queuedBytes, _): .overloaded(queuedBytes: queuedBytes)
    case .refusing(let cause), .failed(let cause): .refused(cause)
    case .stopped: .shuttingDown
    }
  }

  private func fail(_ completions: [Completion], records: Int, _ error: ProduceError) {
    metrics.rejected.increment(by: Int64(records))
    for completion in completions { completion(.failure(error)) }
  }

  private func handle(_ event: LogWriterEvent) {
    switch event {
    case .flushed(let flushed, let statistics): commit(flushed, statistics)
    case .truncated(let end):
      preconditionFailure("the log was cut to \(end), which nobody asked for")
    case .removed(let start): metrics.startOffset.record(start.nextOffset.rawValue)
    case .refused(let index, let error): refuse(from: index, error)
    case .failed(let error):
      // The kernel has marked the pages clean: nobody knows what is on the disk, and a second fsync would say yes.
      // What was acknowledged is safe; recovery at the next start finds the rest.
      logger.critical("the log has failed: ending the process", metadata: ["error": "\(error)"])
      fatalError("the log has failed: \(error)")
    }
    finishDrainIfIdle()
  }

  private func commit(_ flushed: Flushed, _ statistics: DrainStatistics) {
    let end = flushed.end
    committedEnd.store(end.nextOffset.rawValue, ordering: .releasing)
    let term = state.value.term
    var records = 0
    for proposal in state.value.pending.takeFlushed(before: end.nextIndex) {
      records += proposal.records
      for (number, completion) in proposal.completions.enumerated() {
        completion(.success(ProducedRecord(offset: proposal.baseOffset.advanced(by: number), term: term)))
      }
    }
    metrics.flushed(statistics, records: records, queuedBytes: state.value.pending.bytes, extent: extent)
    wakeWaiters()
  }

  private func wakeWaiters() {
    let end = extent.end
    for (number, waiter) in state.value.waiters where waiter.offset < end {
      state.value.waiters[number] = nil
      waiter.action()
    }
  }

  /// Nothing from `index` on was written: those producers are told so, and the log goes on where it ends.
  private func refuse(from index: LogIndex, _ error: LogError) {
    logger.error("the log refuses writes", metadata: ["error": "\(error)", "index": "\(index)"])
    let refused = state.value.pending.takeRefused(from: index)
    state.value.end = log.acceptedEnd
    writer.withLock { $0?.resume() }
    for proposal in refused { fail(proposal.completions, records: proposal.records, .refused(error)) }
    metrics.queuedBytes.record(state.value.pending.bytes)
  }

  // MARK: Retention

  /// The log's segments as they are now, the oldest first.
  package var segments: [SegmentSummary] {
    get throws(LogError) { try log.segments }
  }

  /// Indexes that were made anew since the log was opened.
  package var rebuiltIndexes: Int { log.rebuiltIndexes }

  /// Removes the segments that end before `offset`, in order with what is being appended. Call on `eventLoop`.
  package func removeSegments(before offset: Offset) throws(LogWriterError) {
    guard let writer = writer.withLock({ $0 }) else { throw .stopped }
    try writer.submitRemoval(before: offset)
  }

  // MARK: Stopping

  /// Takes no more records, waits until those taken are durable, and closes the log. From any thread.
  package func shutDown() async throws {
    try await eventLoop.flatSubmit {
      self.state.value.isAccepting = false
      self.seal()
      let drained = self.eventLoop.makePromise(of: Void.self)
      self.state.value.drained = drained
      self.finishDrainIfIdle()
      return drained.futureResult
    }.get()
    let writer = writer.withLock { writer in
      defer { writer = nil }
      return writer
    }
    writer?.shutdown()
    try log.close()
  }

  private func finishDrainIfIdle() {
    guard state.value.pending.isEmpty else { return }
    state.value.drained?.succeed()
    state.value.drained = nil
  }
}
