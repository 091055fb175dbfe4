import NIOCore
import RPCServer

/// One ProduceStream call: an answer for every record, in their order, and back-pressure by bytes.
final class ProduceStreamHandler: RPCCallHandler {
  /// Bytes of one call that may wait for the disk before its client is made to wait; a few full batches, so that the
  /// disk always has work.
  private static let maximumUnacknowledgedBytes = 4 << 20

  private let log: any RecordLog
  private let call: RPCCall
  private var unacknowledgedRecords = 0
  private var unacknowledgedBytes = 0
  private var isPaused = false
  private var requestHasEnded = false
  /// Why the stream ends early; sent once the records before it have been answered.
  private var failure: RPCStatus?

  init(log: any RecordLog, call: RPCCall) {
    self.log = log
    self.call = call
  }

  func receive(_ message: ByteBuffer) {
    guard failure == nil else { return }
    do {
      let value = try LogMessages.decodeProduceRequest(message)
      let bytes = message.readableBytes
      unacknowledgedRecords += 1
      unacknowledgedBytes += bytes
      log.produce(value) { self.complete($0, bytes: bytes) }
    } catch {
      failure = .malformed(error)
    }
    pauseOrResume()
    finishIfDone()
  }

  func receiveEnd() {
    requestHasEnded = true
    finishIfDone()
  }

  func writabilityChanged() { pauseOrResume() }

  func serverIsDraining() {
    failure = failure ?? RPCStatus(.unavailable, "the server is shutting down; go on at another")
    finishIfDone()
  }

  private func complete(_ result: Result<ProducedRecord, ProduceError>, bytes: Int) {
    unacknowledgedRecords -= 1
    unacknowledgedBytes -= bytes
    guard !call.isEnded else { return }
    switch result {
    case .success(let produced): call.send(produced)
    case .failure(let error): failure = failure ?? RPCStatus(error)
    }
    pauseOrResume()
    finishIfDone()
  }

  private func pauseOrResume() {
    let shouldPause = unacknowledgedBytes >= Self.maximumUnacknowledgedBytes || !call.isWritable
    guard shouldPause != isPaused, !call.isEnded else { return }
    isPaused = shouldPause
    if shouldPause { call.pauseReading() } else { call.resumeReading() }
  }

  private func finishIfDone() {
    guard unacknowledgedRecords == 0, requestHasEnded || failure != nil, !call.isEnded else { return }
    call.finish(failure ?? .ok)
  }
}
