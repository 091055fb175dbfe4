import CommitLog
import NIOCore
import RPCServer

/// One call that reads: Consume, which is answered once, or ConsumeStream, which goes on for as long as its client stays. It
/// reads only while its client keeps up, and waits at the end of the log without polling.
///
/// What the log has in memory is answered in the same turn of the event loop.
final class ConsumeCall {
  enum Kind {
    case unary
    case stream
  }

  /// Bytes read at a time for a stream of single records: enough for the disk to run, little enough for many consumers.
  private static let readBytes = 256 << 10

  private let log: any RecordLog
  private let call: RPCCall
  private let kind: Kind
  private let request: ConsumeRequest
  private var place: ConsumePlace
  /// A read or a decompression is under way.
  private var isReading = false
  /// The log's end here was not behind what was acknowledged before the call.
  private var hasConfirmedEnd = false
  private var waiter: ReadWaiter?
  private var waitTimer: Scheduled<Void>?

  init(_ kind: Kind, log: any RecordLog, call: RPCCall, request: ConsumeRequest) {
    self.kind = kind
    self.log = log
    self.call = call
    self.request = request
    place = ConsumePlace(shape: request.shape, from: request.offset)
  }

  /// The call's callbacks keep this object, so that it lives as long as the call.
  func start() {
    if kind == .stream {
      call.onWritabilityChange = { self.advance() }
      call.onCancel = { _ in self.stopWaiting() }
      call.onDrain = {
        self.stopWaiting()
        self.call.finish(RPCStatus(.unavailable, "the server is shutting down; go on at another"))
      }
    }
    advance()
  }

  /// Goes on until something has to be waited for: the client, the disk, or a record.
  private func advance() {
    while !call.isEnded, call.isWritable, !isReading, waiter == nil {
      do {
        switch try place.prepare() {
        case .nothing: answer()
        case .batches: findBatches()
        case .decompression(let batch): decompress(batch)
        }
      } catch {
        call.finish(.readFailure(error, place.next))
      }
    }
  }

  private func answer() {
    call.send(capacity: place.answerCapacity) {
      place.writeAnswer(to: &$0)
      writeOffsets(to: &$0)
    }
    if kind == .unary { call.finish(.ok) }
  }

  private func writeOffsets(to buffer: inout ByteBuffer) {
    if !request.isPlain { LogMessages.writeOffsets(next: place.next, end: log.extent.end, to: &buffer) }
  }

  // MARK: Reading

  private func findBatches() {
    let extent = log.extent
    if extent.contains(place.next) { return read() }
    switch kind {
    case .stream where place.next >= extent.end: wait()
    case .unary where place.next == extent.end && request.wait != nil: waitForAWhile()
    case .unary where place.next >= extent.end && !hasConfirmedEnd: confirmEnd()
    default: call.finish(.outOfRange(place.next, extent))
    }
  }

  /// What is not here may only be on its way from the leader.
  private func confirmEnd() {
    isReading = true
    log.confirmEnd { result in
      self.isReading = false
      guard !self.call.isEnded else { return }
      switch result {
      case .success:
        self.hasConfirmedEnd = true
        self.advance()
      case .failure(let error): self.call.finish(RPCStatus(error))
      }
    }
  }

  private var bytesToRead: Int {
    switch request.shape {
    case .record: kind == .unary ? 1 : Self.readBytes
    case .records(let limits), .batches(let limits): limits.bytes
    }
  }

  private func read() {
    let bytes = bytesToRead
    if let batches = log.readCached(from: place.next, maximumBytes: bytes) { return place.add(batches) }
    continueWhenDone(log.read(from: place.next, maximumBytes: bytes)) { self.place.add($0) }
  }

  private func decompress(_ batch: RecordBatch) {
    continueWhenDone(log.records(of: batch)) { self.place.addDecompressed($0) }
  }

  private func continueWhenDone<Value: Sendable>(_ work: EventLoopFuture<Value>, _ take: @escaping (Value) -> Void) {
    isReading = true
    work.assumeIsolated().whenComplete { result in
      self.isReading = false
      guard !self.call.isEnded else { return }
      switch result {
      case .success(let value):
        take(value)
        self.advance()
      case .failure(let error): self.call.finish(.readFailure(error, self.place.next))
      }
    }
  }

  // MARK: Waiting

  private func wait() {
    waiter = log.whenReadable(place.next) {
      self.stopWaiting()
      self.advance()
    }
  }

  /// A tenth of what is left before the deadline, but not more than this, is kept for the answer's way back.
  private static let answerTime = TimeAmount.milliseconds(100)

  private func waitForAWhile() {
    var duration = request.wait ?? .zero
    if let deadline = call.deadline {
      let left = deadline - .now()
      duration = min(duration, left - min(Self.answerTime, .nanoseconds(left.nanoseconds / 10)))
    }
    call.onCancel = { _ in self.stopWaiting() }
    call.onDrain = { self.answerEmpty() }
    waitTimer = call.eventLoop.assumeIsolated().scheduleTask(in: duration) { self.answerEmpty() }
    wait()
  }

  private func answerEmpty() {
    guard !call.isEnded, waiter != nil else { return }
    stopWaiting()
    call.send(capacity: LogMessages.maximumOverheadBytes) { writeOffsets(to: &$0) }
    call.finish(.ok)
  }

  private func stopWaiting() {
    waitTimer?.cancel()
    waitTimer = nil
    if let waiter { log.cancel(waiter) }
    waiter = nil
  }
}
