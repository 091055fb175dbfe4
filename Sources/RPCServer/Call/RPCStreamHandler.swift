import Compression
import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2

/// One HTTP/2 stream: steps `CallStateMachine` and carries out what it says.
///
/// No channel of its own: NIO's stream channels, each with a pipeline, a buffer and a window of its own, cost as much as
/// the rest of a call.
final class RPCStreamHandler {
  let connection: RPCConnectionHandler
  let streamID: HTTP2StreamID
  var machine = CallStateMachine()
  /// Whether HTTP/2 still knows the stream; what is written to one that it does not know is dropped.
  private(set) var isOpen = true

  // The request.
  private var head: RequestHead?
  private var framer: MessageFramer
  private var call: RPCCall?
  private var handler: (any RPCCallHandler)?
  private var isPaused = false
  private var isDelivering = false
  private var isEndPending = false
  /// When the call has to be over; `nil` for one that may take its time, and when it is over.
  private(set) var deadline: NIODeadline?
  /// Bytes of a message that is not whole yet, as the connection has counted them.
  private var partialBytes = 0
  /// When that message began; `nil` while there is none, or the handler does not read.
  private(set) var partialSince: NIODeadline?
  /// What the client may still send, in bytes; `nil` once it has ended the request.
  private var receiveWindow: Int?

  // The response; see RPCStreamHandler+Response.swift.
  var initialMetadata: RPCMetadata?
  var compressesResponse = false
  /// Small messages on their way into one DATA frame.
  var pendingData = ByteBuffer()
  /// Bytes of messages that wait here or for HTTP/2's windows.
  var unwrittenBytes = 0
  private(set) var isWritable: Bool
  var bufferedBytes = 0
  private var isBelowWatermark = true
  private var isFlushPending = false

  // For the observer.
  private var startTime: NIODeadline?

  init(connection: RPCConnectionHandler, streamID: HTTP2StreamID) {
    self.connection = connection
    self.streamID = streamID
    isWritable = connection.isWritable
    framer = MessageFramer(maximumMessageBytes: connection.environment.configuration.maximumReceiveMessageBytes)
  }

  var environment: RPCServerEnvironment { connection.environment }
  var method: RPCMethod? { call?.method }
  var isEnded: Bool { !machine.deliversRequest }

  // MARK: What the connection says

  func receive(_ payload: HTTP2Frame.FramePayload) {
    switch payload {
    case .headers(let frame):
      switch machine.receiveHeaders(endStream: frame.endStream) {
      // The client may send it again elsewhere: nothing has been done (RFC 9113, 8.7).
      case .open where connection.refusesCalls: reset(.refusedStream)
      case .open:
        if isWellFormed(frame.headers, HeaderBlock.validateRequest) {
          open(frame.headers, endStream: frame.endStream)
        }
      case .end:
        if isWellFormed(frame.headers, HeaderBlock.validateTrailers) { requestEnded() }
      case .ignore: break
      case .reset: reset(.protocolError)
      }
    case .data(let frame):
      switch machine.receiveData(endStream: frame.endStream) {
      case .deliver:
        if case .byteBuffer(let bytes) = frame.data { framer.append(bytes) }
        if frame.endStream { isEndPending = true }
        deliver()
      case .ignore: break
      case .reset: reset(.protocolError)
      }
    default:
      break
    }
  }

  /// Resets the stream if not.
  private func isWellFormed(
    _ headers: HPACKHeaders, _ validate: (HPACKHeaders) throws(HeaderBlock.Malformed) -> Void
  ) -> Bool {
    do throws(HeaderBlock.Malformed) {
      try validate(headers)
      return true
    } catch {
      environment.logger.debug("stream reset: malformed headers: \(error)")
      reset(.protocolError)
      return false
    }
  }

  /// HTTP/2 is through with the stream; `code` is that of a reset.
  func closed(_ code: HTTP2ErrorCode?) {
    streamIsGone(code.map { .clientReset(code: $0.networkCode) } ?? .connectionLost)
  }

  func connectionIsLost() { streamIsGone(.connectionLost) }

  /// Half of the window is replenished at once, and none of it while the handler does not want more.
  func receiveWindowChanged(to size: Int) {
    receiveWindow = size
    replenishWindow()
  }

  /// The windows of all streams have grown, or shrunk, with our settings.
  func receiveWindowChanged(by delta: Int) { receiveWindow = receiveWindow.map { $0 + delta } }

  private func replenishWindow() {
    guard !isPaused, isOpen, let receiveWindow, receiveWindow <= connection.streamWindow / 2 else { return }
    self.receiveWindow = nil  // Told anew once the frame is written.
    write(.windowUpdate(windowSizeIncrement: connection.streamWindow - receiveWindow))
    flushSoon()
  }

  // MARK: Writing

  func write(_ payload: HTTP2Frame.FramePayload, promise: EventLoopPromise<Void>? = nil) {
    guard isOpen else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    connection.write(HTTP2Frame(streamID: streamID, payload: payload), promise: promise)
  }

  func flushSoon() {
    guard !isFlushPending else { return }
    isFlushPending = true
    connection.flushLater(self)
  }

  /// Called by the connection, which flushes all that its calls have written.
  func willFlush() {
    isFlushPending = false
    writePendingData()
  }

  /// Messages were handed to HTTP/2's handler, which may have to hold them back.
  func accepted(bytes: Int) {
    unwrittenBytes += bytes
    guard isBelowWatermark, unwrittenBytes > environment.configuration.responseHighWatermarkBytes else { return }
    isBelowWatermark = false
    updateWritability()
  }

  /// Returns whether `updateWritability` is due, which must not be called from here: a frame is half written.
  func wrote(bytes: Int) -> Bool {
    unwrittenBytes -= bytes
    guard !isBelowWatermark, unwrittenBytes < environment.configuration.responseHighWatermarkBytes / 2 else {
      return false
    }
    isBelowWatermark = true
    return true
  }

  func updateWritability() {
    let isWritable = isBelowWatermark && connection.isWritable
    guard isWritable != self.isWritable else { return }
    self.isWritable = isWritable
    if isWritable { releaseBufferedBytes() }
    guard !isEnded else { return }
    handler?.writabilityChanged()
    call?.onWritabilityChange?()
  }

  // MARK: The life of the call

  private func open(_ headers: HPACKHeaders, endStream: Bool) {
    if environment.observer != nil { startTime = .now() }
    let head: RequestHead
    do throws(RequestHead.Rejection) {
      head = try RequestHead(headers)
    } catch {
      return reject(error)
    }
    self.head = head
    guard let method = environment.router.method(at: head.path) else {
      environment.observer?.callStarted(nil)
      return fail(RPCStatus(.unimplemented, "unknown method \(head.path)"))
    }
    environment.observer?.callStarted(method)
    compressesResponse =
      head.encoding == .gzip && head.acceptsGzip && environment.configuration.minimumBytesToCompress != nil
    let deadline = head.timeout.map { connection.eventLoop.now + $0 }
    let callContext = RPCCallContext(
      method: method, metadata: RPCMetadata(received: headers), deadline: deadline, peer: connection.peer)
    let call = RPCCall(context: callContext, eventLoop: connection.eventLoop, stream: self)
    self.call = call
    for interceptor in environment.interceptors {
      if let refusal = interceptor(callContext) { return fail(refusal) }
    }
    handler = method.makeHandler(call)
    if let deadline, !isEnded {
      self.deadline = deadline
      connection.deadlineAdded(deadline)
    }
    if endStream { requestEnded() }
  }

  func deadlinePassed() {
    end(RPCStatus(.deadlineExceeded, "the deadline of the call has passed"), .deadlineExceeded)
  }

  private func reject(_ rejection: RequestHead.Rejection) {
    environment.observer?.callStarted(nil)
    switch rejection {
    case .http(let status, let headers):
      endWithoutHandler(ResponseHeaders.http(status: status, headers: headers), code: .unknown)
    case .status(let status):
      endWithoutHandler(ResponseHeaders.trailersOnly(status, metadata: nil), code: status.code)
    case .unsupportedEncoding(let status):
      endWithoutHandler(
        ResponseHeaders.trailersOnly(status, metadata: nil, listsEncodings: true), code: status.code)
    }
  }

  private func endWithoutHandler(_ headers: HPACKHeaders, code: RPCStatus.Code) {
    guard case .trailersOnly(let resetsRequest) = machine.fail() else {
      preconditionFailure("a request was rejected after its answer had begun (\(machine))")
    }
    ended(code)
    writeLast(headers, resetsRequest: resetsRequest)
  }

  /// Ends the call with `status` because of what the client did, or did not do.
  func fail(_ status: RPCStatus) { end(status, .failed(status)) }

  func terminate() {
    end(RPCStatus(.unavailable, "the server is shutting down"), .serverShuttingDown)
  }

  func connectionIsDraining() {
    guard !isEnded else { return }
    handler?.serverIsDraining()
    call?.onDrain?()
  }

  private func end(_ status: RPCStatus, _ reason: RPCCancellation) {
    let action = machine.fail()
    guard action != .drop else { return }
    cancelHandler(reason)
    ended(status.code)
    writeStatus(status, trailers: nil, action)
  }

  private func streamIsGone(_ reason: RPCCancellation) {
    guard isOpen else { return }
    if machine.lose() {
      cancelHandler(reason)
      ended(.cancelled)
    }
    isOpen = false
    connection.callClosed(self)
    clearRequest()
    releaseBufferedBytes()
    pendingData = ByteBuffer()
    call = nil
    handler = nil
  }

  private func cancelHandler(_ reason: RPCCancellation) {
    handler?.cancelled(reason)
    call?.onCancel?(reason)
  }

  /// The call is over, whichever way.
  func ended(_ code: RPCStatus.Code) {
    deadline = nil
    clearRequest()
    if let observer = environment.observer, let startTime {
      observer.callFinished(method, code: code, duration: .now() - startTime)
    }
    // The handler, the call and what they hold of each other would be a cycle.
    handler = nil
    if let call {
      call.onCancel = nil
      call.onWritabilityChange = nil
      call.onDrain = nil
    }
    // The client may be sending still: its frames are read and dropped.
    resumeReading()
  }

  func reset(_ code: HTTP2ErrorCode) {
    if machine.lose() {
      cancelHandler(.failed(RPCStatus(.internal, "the stream was reset with \(code)")))
      ended(.internal)
    }
    // What waits for a frame would come behind the reset.
    pendingData = ByteBuffer()
    write(.rstStream(code))
    flushSoon()
    // A call that crosses our GOAWAY is not the client's fault.
    if code != .refusedStream { connection.abuse.streamFailed() }
  }

  func log(_ message: String) { environment.logger.error("\(message)") }

  // MARK: Delivering the request

  func pauseReading() {
    isPaused = !isEnded
    partialSince = nil
  }

  func resumeReading() {
    guard isPaused else { return }
    isPaused = false
    deliver()
    replenishWindow()
  }

  private func requestEnded() {
    isEndPending = true
    deliver()
  }

  private func deliver() {
    // A handler may resume reading from within `receive`.
    guard !isDelivering else { return }
    isDelivering = true
    defer { isDelivering = false }
    do throws(RPCStatus) {
      while !isPaused, !isEnded, let message = try framer.next() {
        partialSince = nil
        let payload = message.isCompressed ? try decompress(message.payload) : message.payload
        if let observer = environment.observer, let method {
          observer.messageReceived(method, bytes: payload.readableBytes)
        }
        handler?.receive(payload)
      }
      guard !isPaused, !isEnded else { return }
      if framer.bufferedBytes > 0 || partialBytes > 0 { try countPartialMessage() }
      guard isEndPending else { return }
      isEndPending = false
      if framer.hasPartialMessage { throw RPCStatus(.internal, "the request ended within a message") }
      handler?.receiveEnd()
    } catch {
      fail(error)
    }
  }

  private func countPartialMessage() throws(RPCStatus) {
    framer.compact()
    let change = framer.bufferedBytes - partialBytes
    partialBytes = framer.bufferedBytes
    if partialBytes == 0 { partialSince = nil } else if partialSince == nil { partialSince = connection.eventLoop.now }
    try connection.partialMessagesChanged(by: change)
  }

  /// Drops what is held of the request.
  private func clearRequest() {
    framer.clear()
    partialSince = nil
    connection.partialMessageBytes -= partialBytes
    partialBytes = 0
  }

  private func releaseBufferedBytes() {
    connection.bufferedResponseBytes -= bufferedBytes
    bufferedBytes = 0
  }

  private func decompress(_ payload: ByteBuffer) throws(RPCStatus) -> ByteBuffer {
    guard head?.encoding == .gzip else {
      throw RPCStatus(.internal, "a message is flagged as compressed, but grpc-encoding names no compression")
    }
    do throws(GzipError) {
      return try Gzip.decompress(payload, maximumBytes: environment.configuration.maximumReceiveMessageBytes)
    } catch {
      switch error {
      case .tooLarge: throw RPCStatus(.resourceExhausted, "the message is \(error)")
      case .invalid: throw RPCStatus(.internal, "the message is \(error)")
      }
    }
  }
}
