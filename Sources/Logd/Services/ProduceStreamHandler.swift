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
  /// Records handed to the log; each has its place in the stream as its number.
  private var records = 0
  /// Why the stream ends early, and at which record; sent once the records before it have been answered.
  private var failure: (record: Int, status: RPCStatus)?

  init(log: any RecordLog, call: RPCCall) {
    self.log = log
    self.call = call
  }

  func receive(_ message: ByteBuffer) {
    guard failure == nil else { return }
    do {
      let value = try LogMessages.decodeProduceRequest(message)
      let bytes = message.readableBytes
      let record = records
      records += 1
      unacknowledgedRecords += 1
      unacknowledgedBytes += bytes
      log.produce(value) { self.complete($0, record: record, bytes: bytes) }
    } catch {
      fail(at: records, .malformed(error))
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
    fail(at: records, RPCStatus(.unavailable, "the server is shutting down; go on at another"))
    finishIfDone()
  }

  /// The stream ends at its first record that failed, whenever that is known.
  private func fail(at record: Int, _ status: RPCStatus) {
    if let failure, failure.record <= record { return }
    failure = (record, status)
  }

  private func complete(_ result: Result<ProducedRecord, ProduceError>, record: Int, bytes: Int) {
    unacknowledgedRecords -= 1
    unacknowledgedBytes -= bytes
    guard !call.isEnded else { return }
    switch result {
    case .success(let produced):
      // Clients match answers to records by their order. A record that was appended after one that failed gets none:
      // it would be taken for the answer of the one that failed.
      if record < failure?.record ?? .max { call.send(produced) }
    case .failure(let error): fail(at: record, RPCStatus(error))
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
    call.finish(failure?.status ?? .ok)
  }
}
