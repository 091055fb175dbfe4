import Logging
import NIOCore
import NIOHTTP2
import NIOSSL

/// One HTTP/2 connection: its calls, its keepalive, its end. Sits above `NIOHTTP2Handler`, which hands it the frames of
/// every stream.
final class RPCConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  typealias OutboundOut = HTTP2Frame

  let environment: RPCServerEnvironment
  private let flushes: FlushCoalescingHandler
  let abuse: AbuseGuard
  private var context: ChannelHandlerContext?
  let eventLoop: any EventLoop
  private(set) var calls: [HTTP2StreamID: RPCStreamHandler] = [:]
  private var callsToFlush: [RPCStreamHandler] = []
  private var unflushedEnds = 0
  /// Those that may send again, to be told once HTTP/2's handler is through with what it writes.
  private var callsToWake: [RPCStreamHandler] = []
  private var isReading = false
  /// Whether the socket takes more.
  private(set) var isWritable = true
  /// The receive window of a stream, in bytes: what the client knows of our settings.
  private(set) var streamWindow = 65_535
  private var drain = ConnectionDrain()
  private var pings: PingEnforcement
  private var hasReceivedSettings = false
  /// From then on nothing that the client sends is looked at.
  private var isCutOff = false
  /// Asked to drain before the handshake was through.
  private var mustDrain = false
  /// Whether anything was read since the keepalive timer last looked.
  private var sawRead = false
  /// Whether a call was opened since the idle timer last looked.
  private var sawCall = false
  // Bytes of the open calls; see RPCConnectionHandler+Limits.swift.
  var partialMessageBytes = 0
  var bufferedResponseBytes = 0
  var partialMessageTimer: Scheduled<Void>?
  // See RPCConnectionHandler+Deadlines.swift.
  var deadlineTimer: Scheduled<Void>?
  var nextDeadlineLook: NIODeadline?
  private var idleTimer: Scheduled<Void>?
  private var timers: [Scheduled<Void>] = []
  private var keepaliveTimer: Scheduled<Void>?
  private var cachedPeer: RPCPeer?
  private let identify: (() -> (any Sendable)?)?

  init(
    environment: RPCServerEnvironment, eventLoop: any EventLoop, flushes: FlushCoalescingHandler, abuse: AbuseGuard,
    identify: (() -> (any Sendable)?)? = nil
  ) {
    self.environment = environment
    self.identify = identify
    self.eventLoop = eventLoop
    self.flushes = flushes
    self.abuse = abuse
    pings = PingEnforcement(
      minimumInterval: environment.configuration.keepalive.minimumClientPingInterval,
      permitsPingsWithoutCalls: environment.configuration.keepalive.permitsClientPingsWithoutCalls)
  }

  /// Read when the first call comes, which is after the TLS handshake.
  var peer: RPCPeer {
    if let cachedPeer { return cachedPeer }
    // No TLS handler, or a handshake without client certificate: both mean that the peer showed none.
    let certificate = (try? context?.pipeline.syncOperations.nioSSL_peerCertificate()) ?? nil
    let peer = RPCPeer(
      remoteAddress: context?.channel.remoteAddress, certificate: certificate, identity: identify?())
    cachedPeer = peer
    return peer
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    environment.observer?.connectionOpened()
    abuse.onAbuse = { [weak self] reason in self?.cutOff(reason) }
    let timeouts = environment.configuration.connection
    after(timeouts.handshakeTimeout) { handler in
      if !handler.hasReceivedSettings {
        handler.environment.logger.debug("connection closed: no HTTP/2 preface within \(timeouts.handshakeTimeout)")
        handler.close()
      }
    }
    if let maximumAge = timeouts.maximumAge {
      // Jitter of a tenth, so that clients that came together do not leave together (gRPC proposal A9).
      let jitter = Double.random(in: 0.9...1.1)
      after(.nanoseconds(Int64(Double(maximumAge.nanoseconds) * jitter))) { handler in
        handler.beginDraining()
        handler.after(timeouts.maximumAgeGrace) { $0.terminate() }
      }
    }
    if let maximumIdleTime = timeouts.maximumIdleTime { scheduleIdle(maximumIdleTime) }
    scheduleKeepalive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    loseCalls()
    self.context = nil
    for timer in [keepaliveTimer, idleTimer, partialMessageTimer, deadlineTimer] { timer?.cancel() }
    for timer in timers { timer.cancel() }
    timers = []
    environment.observer?.connectionClosed()
  }

  func channelInactive(context: ChannelHandlerContext) {
    loseCalls()
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isReading = true
    guard !isCutOff else { return }
    let frame = unwrapInboundIn(data)
    if frame.streamID == .rootStream { receive(frame.payload) } else { deliver(frame) }
    flushEnds()
  }

  private func receive(_ payload: HTTP2Frame.FramePayload) {
    switch payload {
    case .settings(.settings):
      // The first is the handshake; more of them are treated as pings are.
      if hasReceivedSettings { enforcePingInterval() }
      hasReceivedSettings = true
      if mustDrain { beginDraining() }
    case .ping(let data, ack: true) where data == Self.drainPing:
      perform(drain.announcementRead())
    case .ping(let data, ack: true) where data == Self.keepalivePing:
      scheduleKeepalive()
    case .ping(_, ack: false):
      enforcePingInterval()
    default:
      break
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    sawRead = true
    isReading = false
    flushCalls()
    wakeCalls()
    context.fireChannelReadComplete()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    isWritable = context.channel.isWritable
    for call in calls.values { call.updateWritability() }
    wakeCalls()
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    // Several come with every call, and a cast that fails is dear: compare the types first.
    let type = type(of: event)
    if type == NIOHTTP2WindowUpdatedEvent.self, let event = event as? NIOHTTP2WindowUpdatedEvent {
      windowUpdated(event)
    } else if type == StreamClosedEvent.self, let event = event as? StreamClosedEvent {
      calls[event.streamID]?.closed(event.reason)
    } else if type == NIOHTTP2BulkStreamWindowChangeEvent.self,
      let event = event as? NIOHTTP2BulkStreamWindowChangeEvent
    {
      streamWindow += event.delta
      for call in calls.values { call.receiveWindowChanged(by: event.delta) }
    } else if type != NIOHTTP2StreamCreatedEvent.self {
      context.fireUserInboundEventTriggered(event)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if Self.isConfinedToStream(error) {
      environment.logger.debug("stream error: \(error)")
      abuse.streamFailed()
    } else {
      // HTTP/2's handler has sent its GOAWAY and leaves the connection to us.
      environment.logger.debug("connection closed after an error: \(error)")
      context.close(promise: nil)
    }
  }

  /// Stops taking calls; those that are open go on. Their handlers are told, so that endless ones can end.
  func beginDraining() {
    // Neither GOAWAY nor PING may be sent before the handshake; a call may be on its way behind it.
    mustDrain = true
    guard hasReceivedSettings else { return }
    let actions = drain.begin()
    guard !actions.isEmpty else { return }
    perform(actions)
    after(Self.drainPingTimeout) { $0.perform($0.drain.announcementRead()) }
    for call in calls.values { call.connectionIsDraining() }
  }

  /// Ends what is open with UNAVAILABLE, and then the connection.
  func terminate() {
    for call in calls.values { call.terminate() }
    flushCalls()
    close()
  }

  // MARK: Calls

  /// Enough for a flush to cost little of a call, and few enough for HTTP/2's handler to find each stream at once.
  private static let endsPerFlush = 16

  private func deliver(_ frame: HTTP2Frame) {
    if let call = calls[frame.streamID] {
      call.receive(frame.payload)
    } else if case .headers = frame.payload {
      sawCall = true
      let call = RPCStreamHandler(connection: self, streamID: frame.streamID)
      calls[frame.streamID] = call
      drain.streamOpened(frame.streamID)
      call.receive(frame.payload)
    }
  }

  func callClosed(_ call: RPCStreamHandler) {
    guard calls.removeValue(forKey: call.streamID) != nil else { return }
    perform(drain.streamClosed())
  }

  private func loseCalls() {
    for call in calls.values { call.connectionIsLost() }
  }

  /// Whether the client has been told of a last stream, which any new one is behind.
  var refusesCalls: Bool { drain.refusesStreams }

  func write(_ frame: HTTP2Frame, promise: EventLoopPromise<Void>?) {
    guard let context else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    context.write(wrapOutboundOut(frame), promise: promise)
  }

  func sentMessage(bytes: Int) {
    pings.sentMessage(bytes: bytes)
    abuse.messageSent(bytes: bytes)
  }

  /// Flushes `call` together with all others that ask for it in this turn of the event loop.
  func flushLater(_ call: RPCStreamHandler) {
    callsToFlush.append(call)
    // The end of a read flushes what was written during it.
    guard callsToFlush.count == 1, !isReading else { return }
    flushes.hold()
    eventLoop.assumeIsolated().execute { self.flushCalls() }
  }

  /// The last frame of a call was written, and `flushLater` called.
  func endWritten() {
    unflushedEnds += 1
    // Within a read once its frame is dealt with: this may come from a handler that is being made.
    if !isReading { flushEnds() }
  }

  /// Lets HTTP/2's handler be done with calls that have ended; the socket waits for the rest. To that handler a stream is
  /// open until its last frame was flushed, and it goes through the list of those for every frame: the calls of a whole turn
  /// took it a quarter of its time.
  private func flushEnds() {
    guard unflushedEnds >= Self.endsPerFlush else { return }
    unflushedEnds = 0
    context?.flush()
  }

  private func flushCalls() {
    guard !callsToFlush.isEmpty else { return }
    let calls = callsToFlush
    callsToFlush.removeAll(keepingCapacity: true)
    for call in calls { call.willFlush() }
    unflushedEnds = 0
    context?.flush()
    flushes.release()
    wakeCalls()
  }

  private func wakeCalls() {
    while let call = callsToWake.popLast() { call.updateWritability() }
  }

  private func windowUpdated(_ event: NIOHTTP2WindowUpdatedEvent) {
    guard let size = event.inboundWindowSize else { return }
    guard event.streamID == .rootStream else {
      calls[event.streamID]?.receiveWindowChanged(to: size)
      return
    }
    let target = environment.configuration.initialConnectionWindowBytes
    if size <= target / 2 { writeRoot(.windowUpdate(windowSizeIncrement: target - size)) }
  }
}

extension RPCConnectionHandler: NIOHTTP2FrameDelegate {
  /// In the middle of a write: nothing may be written from here.
  func wroteFrame(_ frame: HTTP2Frame) {
    switch frame.payload {
    case .headers: pings.sentFrame()
    case .data(let data):
      pings.sentFrame()
      if let call = calls[frame.streamID], call.wrote(bytes: data.data.readableBytes) { callsToWake.append(call) }
    default: break
    }
  }
}

extension RPCConnectionHandler {
  /// Opaque data that tells our two pings apart.
  private static let drainPing = HTTP2PingData(withInteger: 0x6472_6169_6E00_0001)
  private static let keepalivePing = HTTP2PingData(withInteger: 0x6B65_6570_0000_0002)
  /// How long a client has to read the first GOAWAY before later streams are refused.
  private static let drainPingTimeout = TimeAmount.seconds(5)
  /// How long a client has to take the last answers and to close its side, once the server has closed its own.
  private static let lingerTimeout = TimeAmount.seconds(10)

  /// How long a client that is cut off has to read the GOAWAY.
  private static let cutOffLinger = TimeAmount.seconds(1)

  /// GOAWAY with NO_ERROR, as bytes. A GOAWAY that NIO's handler knows of ends the connection for it as soon as no stream
  /// is open, and the next frame of the client's is then answered by GOAWAY with PROTOCOL_ERROR: the SETTINGS ACK of a
  /// client that has just connected, the call that crosses the first GOAWAY, the WINDOW_UPDATE for the last answer. A
  /// client would see its call fail, or at least an error that is none.
  private static func goAway(
    lastStreamID: HTTP2StreamID, code: HTTP2ErrorCode = .noError, reason: String = ""
  ) -> ByteBuffer {
    var frame = ByteBuffer(bytes: [0, 0, UInt8(8 + reason.utf8.count), 7, 0, 0, 0, 0, 0])
    frame.writeInteger(UInt32(Int32(lastStreamID)))
    frame.writeInteger(UInt32(code.networkCode))
    frame.writeString(reason)
    return frame
  }

  /// Errors that HTTP/2's handler answers with RST_STREAM, a length that is not the content's for one; every other is the
  /// connection's.
  private static func isConfinedToStream(_ error: any Error) -> Bool {
    switch error {
    case is NIOHTTP2Errors.NoSuchStream, is NIOHTTP2Errors.StreamClosed, is NIOHTTP2Errors.StreamError,
      is NIOHTTP2Errors.BadStreamStateTransition, is NIOHTTP2Errors.TrailersWithoutEndStream,
      is NIOHTTP2Errors.MaxStreamsViolation, is NIOHTTP2Errors.ContentLengthViolated,
      is NIOHTTP2Errors.ContentLengthHeadersMismatch, is NIOHTTP2Errors.ContentLengthHeaderNegative,
      is NIOHTTP2Errors.ContentLengthHeaderMalformedValue:
      true
    default:
      false
    }
  }

  private func perform(_ actions: [ConnectionDrain.Action]) {
    guard let context, !actions.isEmpty else { return }
    for action in actions {
      switch action {
      case .announce:
        flushes.writeFrame(Self.goAway(lastStreamID: .maxID))
      case .goAway(let lastStreamID):
        flushes.writeFrame(Self.goAway(lastStreamID: lastStreamID))
      case .ping:
        writeRoot(.ping(Self.drainPing, ack: false))
      case .close:
        // The frame that ended the last stream is being written while we hear of it: close a turn later.
        context.eventLoop.assumeIsolated().execute { self.closeAfterClient() }
      }
    }
    context.flush()
  }

  private func enforcePingInterval() {
    if pings.received(now: .now(), hasOpenCalls: drain.hasOpenStreams) { cutOff("too_many_pings") }
  }

  /// Ends the connection of a client that is up to no good, or broken beyond use. A turn later: the call may come from
  /// within the handler that reads.
  private func cutOff(_ reason: String) {
    guard !isCutOff else { return }
    isCutOff = true
    environment.logger.notice(
      "connection cut off: \(reason)", metadata: ["peer": "\(context?.channel.remoteAddress?.description ?? "unknown")"]
    )
    if hasReceivedSettings {
      flushes.writeFrame(Self.goAway(lastStreamID: .maxID, code: .enhanceYourCalm, reason: reason))
    }
    eventLoop.assumeIsolated().execute { self.closeWithoutReading() }
  }

  /// Reads no more, and leaves the client a moment to read why: a close with bytes unread resets the connection under the
  /// GOAWAY.
  private func closeWithoutReading() {
    guard let context, hasReceivedSettings, let options = context.channel.syncOptions else { return close() }
    loseCalls()
    do {
      try options.setOption(ChannelOptions.autoRead, value: false)
    } catch {
      return close()
    }
    context.close(mode: .output, promise: nil)
    after(Self.cutOffLinger) { $0.close() }
  }

  private func scheduleIdle(_ limit: TimeAmount) {
    // A look once an interval, as for keepalive.
    idleTimer = schedule(limit) { handler in
      if handler.drain.hasOpenStreams || handler.sawCall {
        handler.sawCall = false
        handler.scheduleIdle(limit)
      } else {
        handler.beginDraining()
      }
    }
  }

  /// Starts the wait for a quiet interval anew.
  private func scheduleKeepalive() {
    let keepalive = environment.configuration.keepalive
    guard let interval = keepalive.pingInterval else { return }
    keepaliveTimer?.cancel()
    sawRead = false
    keepaliveTimer = schedule(interval) { handler in
      // A look once an interval is cheaper than a timer that every read starts anew.
      // Before the handshake a PING would be an error; that time has its own limit.
      guard !handler.sawRead, handler.hasReceivedSettings else { return handler.scheduleKeepalive() }
      handler.writeRoot(.ping(Self.keepalivePing, ack: false))
      handler.context?.flush()
      handler.keepaliveTimer = handler.schedule(keepalive.pingTimeout) { handler in
        guard !handler.sawRead else { return handler.scheduleKeepalive() }
        handler.environment.logger.debug("connection closed: no answer to a ping within \(keepalive.pingTimeout)")
        handler.close()
      }
    }
  }

  private func writeRoot(_ payload: HTTP2Frame.FramePayload) {
    context?.write(wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: payload)), promise: nil)
  }

  private func close() { context?.close(promise: nil) }

  /// Sends what waits and closes our side; the client closes its own when it has read all. To close both at once would
  /// drop what waits for a slow client, and reset the connection under the last answer if there is a frame of the
  /// client's that was not read.
  private func closeAfterClient() {
    context?.close(mode: .output, promise: nil)
    after(Self.lingerTimeout) { $0.close() }
  }

  private func after(_ delay: TimeAmount, _ body: @escaping (RPCConnectionHandler) -> Void) {
    if let timer = schedule(delay, body) { timers.append(timer) }
  }

  func schedule(_ delay: TimeAmount, _ body: @escaping (RPCConnectionHandler) -> Void) -> Scheduled<Void>? {
    schedule(at: eventLoop.now + delay, body)
  }

  func schedule(at time: NIODeadline, _ body: @escaping (RPCConnectionHandler) -> Void) -> Scheduled<Void>? {
    context?.eventLoop.assumeIsolated().scheduleTask(deadline: time) { [weak self] in
      if let self { body(self) }
    }
  }
}
