import CommitLog
import NIOCore
import RPCServer

/// One ConsumeStream call: every record from an offset on, then those to come. It reads only while its client keeps up
/// and waits at the end without polling.
final class ConsumeStream {
  /// Bytes read at a time: enough for the disk to run, little enough for many consumers.
  private static let readBytes = 256 << 10

  private let log: any RecordLog
  private let call: RPCCall
  private var next: Offset
  private var isReading = false
  private var waiter: ReadWaiter?
  /// Read and not sent yet: the client does not keep up.
  private var batches: ArraySlice<RecordBatch> = []

  init(log: any RecordLog, call: RPCCall, from offset: Offset) {
    self.log = log
    self.call = call
    next = offset
  }

  /// The call's callbacks keep the stream, so that it lives as long as the call.
  func start() {
    call.onWritabilityChange = { self.advance() }
    call.onCancel = { _ in self.stopWaiting() }
    call.onDrain = {
      self.stopWaiting()
      self.call.finish(RPCStatus(.unavailable, "the server is shutting down; go on at another"))
    }
    advance()
  }

  private func advance() {
    sendBatches()
    guard !call.isEnded, call.isWritable, !isReading, batches.isEmpty, waiter == nil else { return }
    let extent = log.extent
    if next < extent.start { return call.finish(.outOfRange(next, extent)) }
    if next < extent.end { return read() }
    waiter = log.whenReadable(next) {
      self.waiter = nil
      self.advance()
    }
  }

  private func read() {
    isReading = true
    log.read(from: next, maximumBytes: Self.readBytes).assumeIsolated().whenComplete { result in
      self.isReading = false
      guard !self.call.isEnded else { return }
      switch result {
      case .success(let batches):
        self.batches = batches[...]
        self.advance()
      case .failure(let error):
        self.call.finish(.readFailure(error, self.next))
      }
    }
  }

  /// Sends what was read, as far as the client takes it.
  private func sendBatches() {
    while let batch = batches.first, !call.isEnded, call.isWritable {
      do {
        if next < batch.nextOffset { try send(batch) }
        guard next >= batch.nextOffset else { return }  // Stopped in the middle: the client is slow.
        batches.removeFirst()
      } catch {
        return call.finish(.readFailure(error, next))
      }
    }
  }

  private func send(_ batch: RecordBatch) throws {
    for record in try batch.records where record.offset >= next {
      guard call.isWritable, !call.isEnded else { return }
      call.send(record, term: batch.term)
      next = record.offset.advanced(by: 1)
    }
  }

  private func stopWaiting() {
    if let waiter { log.cancel(waiter) }
    waiter = nil
  }
}
