import NIOCore
import RPCServer

/// One ProduceStream call: an answer for every request, in their order, and back-pressure by bytes.
final class ProduceStreamHandler: RPCCallHandler {
  /// Bytes of one call that may wait for the disk before its client is made to wait; a few full batches, so that the
  /// disk always has work.
  private static let maximumUnacknowledgedBytes = 4 << 20

  private let log: any RecordLog
  private let addresses: ClientAddresses
  private let call: RPCCall
  private var unacknowledgedRequests = 0
  private var unacknowledgedBytes = 0
  private var isPaused = false
  /// A compressed batch is being looked into. What comes after it waits, to be appended after it.
  private var isHandingOver = false
  private var requestHasEnded = false
  /// Requests handed to the log; each has its place in the stream as its number.
  private var requests = 0
  /// Why the stream ends early, and at which request; sent once those before it have been answered.
  private var failure: (request: Int, status: RPCStatus)?

  init(log: any RecordLog, addresses: ClientAddresses, call: RPCCall) {
    self.log = log
    self.addresses = addresses
    self.call = call
  }

  func receive(_ message: ByteBuffer) {
    guard failure == nil else { return }
    do {
      let contents = try LogMessages.decodeProduceRequest(message)
      let bytes = message.readableBytes
      let request = requests
      requests += 1
      unacknowledgedRequests += 1
      unacknowledgedBytes += bytes
      isHandingOver = true
      log.append(contents) {
        self.isHandingOver = false
        self.pauseOrResume()
      } completion: {
        self.complete($0, request: request, bytes: bytes)
      }
    } catch {
      fail(at: requests, .malformed(error))
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
    fail(at: requests, RPCStatus(.unavailable, "the server is shutting down; go on at another"))
    finishIfDone()
  }

  /// The stream ends at its first request that failed, whenever that is known.
  private func fail(at request: Int, _ status: RPCStatus) {
    if let failure, failure.request <= request { return }
    failure = (request, status)
  }

  private func complete(_ result: Result<AppendedRecords, ProduceError>, request: Int, bytes: Int) {
    unacknowledgedRequests -= 1
    unacknowledgedBytes -= bytes
    guard !call.isEnded else { return }
    switch result {
    case .success(let appended):
      // Clients match answers to requests by their order. What was appended after a request that failed gets none: it would
      // be taken for the answer of the one that failed.
      if request < failure?.request ?? .max { call.send(appended) }
    case .failure(let error):
      fail(at: request, RPCStatus(error.addressed(by: addresses, for: call.authority)))
    }
    pauseOrResume()
    finishIfDone()
  }

  private func pauseOrResume() {
    let shouldPause =
      isHandingOver || unacknowledgedBytes >= Self.maximumUnacknowledgedBytes || !call.isWritable
    guard shouldPause != isPaused, !call.isEnded else { return }
    isPaused = shouldPause
    if shouldPause { call.pauseReading() } else { call.resumeReading() }
  }

  private func finishIfDone() {
    guard unacknowledgedRequests == 0, requestHasEnded || failure != nil, !call.isEnded else { return }
    call.finish(failure?.status ?? .ok)
  }
}
