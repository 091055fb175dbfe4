package import CommitLog
import CoreMetrics
import DequeModule
import Logging
package import NIOCore
import NIOPosix
import Raft
import Synchronization

/// Reading what is committed.
extension Replica: RecordLog {
  /// The end is read first: who sees that of a log that was replaced sees its start, too.
  package var extent: LogExtent {
    let end = readableEnd.load(ordering: .acquiring)
    let start = max(readableStart.load(ordering: .acquiring), log.startOffset.rawValue)
    return LogExtent(start: Offset(min(start, end)), end: Offset(end))
  }

  func publishExtent() {
    readableStart.store(state.ledger.start.rawValue, ordering: .releasing)
    readableEnd.store(state.readable.end.nextOffset.rawValue, ordering: .releasing)
    // Not only with what the disk tells: a follower learns last of all that its newest records are committed.
    metrics.extent(extent, queuedBytes: state.pending.bytes)
  }

  package func read(from offset: Offset, maximumBytes: Int) -> EventLoopFuture<[RecordBatch]> {
    let extent = extent
    guard extent.contains(offset) else {
      return eventLoop.makeFailedFuture(
        LogError.outOfRange(requested: offset, start: extent.start, end: extent.end))
    }
    // The disk may make a read wait: never on the loop.
    return readers.runIfActive(eventLoop: eventLoop) { [log] in
      // What is flushed but not yet committed is nobody's to see.
      try log.read(from: offset, maximumBytes: maximumBytes).prefix { $0.nextOffset <= extent.end }.map(\.self)
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
    let waiter = ReadWaiter(number: state.makeWaiter())
    if offset < extent.end {
      action()
    } else {
      state.waiters[waiter.number] = (offset, action)
    }
    return waiter
  }

  package func cancel(_ waiter: ReadWaiter) {
    state.waiters[waiter.number] = nil
  }

  package func confirmEnd(completion: @escaping (Result<Void, EndUnconfirmed>) -> Void) {
    guard !state.isClosed else { return completion(.failure(.shuttingDown)) }
    #if PLANTED_BUGS
    if PlantedStaleReads.isOn { return completion(.success(())) }
    #endif
    let request = state.makeRequest()
    state.askedReads[request] = completion
    step(.read(request))
  }

  // MARK: What becomes readable

  /// After each step of the core.
  func settleReaders() {
    let (committed, flushed) = state.ask { ($0.commitIndex, $0.flushedIndex) }
    follow(state.readable.moved(committed: committed, flushed: flushed))
  }

  private func follow(_ step: ReadableLog.Step) {
    switch step {
    case .none: break
    case .advanced:
      publishExtent()
      wakeWaiters()
      endConfirmedReads()
    case .locate(let index): locate(index)
    }
  }

  /// Of a batch that was found in the log when it was opened, where it ends is not known here.
  private func locate(_ index: LogIndex) {
    readers.runIfActive(eventLoop: eventLoop) { [log] in
      try log.read(from: index, maximumBytes: 1).first
    }.assumeIsolated().whenComplete { result in
      switch result {
      case .success(let batch?) where batch.index == index:
        self.follow(
          self.state.readable.located(
            LogEnd(nextIndex: index.advanced(by: 1), nextOffset: batch.nextOffset, lastTerm: batch.term)))
      case .success, .failure:
        // It was cut off or removed meanwhile, or the disk fails: the next step of the core asks again, unless more is known then.
        self.logger.warning("cannot read the batch that was committed last", metadata: ["index": "\(index)"])
        self.state.readable.notLocated()
      }
      self.step(.timer)
    }
  }

  private func wakeWaiters() {
    let end = state.readable.end.nextOffset
    for (number, waiter) in state.waiters where waiter.offset < end {
      state.waiters[number] = nil
      deliver(waiter.action)
    }
  }

  func readAnswered(_ request: RequestID, _ result: Result<LogIndex, ReadRefusal>) {
    guard let completion = state.askedReads.removeValue(forKey: request) else { return }
    switch result {
    case .success(let index) where index <= state.readable.end.lastIndex: deliver { completion(.success(())) }
    case .success(let index):
      // Later answers are seldom for lower indexes.
      let place = state.confirmedReads.lastIndex { $0.index <= index }.map { $0 + 1 } ?? 0
      state.confirmedReads.insert((index, completion), at: place)
    case .failure(.notLeader): deliver { completion(.failure(.noLeader)) }
    case .failure(.overloaded): deliver { completion(.failure(.overloaded)) }
    }
  }

  private func endConfirmedReads() {
    let last = state.readable.end.lastIndex
    while let first = state.confirmedReads.first, first.index <= last {
      state.confirmedReads.removeFirst()
      deliver { first.completion(.success(())) }
    }
  }
}
