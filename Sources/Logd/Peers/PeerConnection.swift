import Certificates
import CommitLog
import NIOCore
import Raft

/// Whom a connection asks and tells. Called on the event loop.
protocol PeerConnectionOwner: AnyObject {
  /// What a hello is answered with; a hello of another version is answered with a refusal.
  func answer(_ hello: Greeting<Hello>, on connection: PeerConnection) -> HelloAnswer
  /// The hello was welcome; messages may be sent from now on.
  func opened(_ connection: PeerConnection)
  /// The one who was dialed refuses.
  func refused(_ connection: PeerConnection, _ refusal: HelloRefusal, by peer: Peer?)
  func received(_ message: Message, on connection: PeerConnection)
  /// It is closing because of what came, or of what did not come.
  func failed(_ connection: PeerConnection, _ error: any Error)
  /// It is gone. Once, and the last call.
  func ended(_ connection: PeerConnection)
}

/// One connection to another node, dialed or accepted: greeting, then messages as frames. The first byte of all, which
/// says that peers talk here, was taken by others when it was accepted.
final class PeerConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  struct Limits {
    /// For the whole greeting.
    var greetingTimeout: TimeAmount
    /// On the data lane.
    var maximumFrameBytes: Int
    /// Bytes that may wait to be sent, by lane, before messages are dropped.
    var maximumControlBytes: Int
    var maximumDataBytes: Int
  }

  enum Side {
    case dialer(Hello)
    case acceptor
  }

  /// Who is there, once it is greeted.
  struct Partner: Hashable {
    var peer: Peer
    var lane: PeerLane
    var clusterID: String?
  }

  private enum Phase {
    case greeting
    case open
    case closed
  }

  /// What ended a connection that the other side did not close.
  enum Failure: Error, Hashable, CustomStringConvertible {
    case greetingTimeout(TimeAmount)
    /// The one who answers is not the one who was asked, and does not say so.
    case wrongPeer(Peer)
    /// It is whom it says, but its certificate is another's.
    case wrongCertificate(Peer)

    var description: String {
      switch self {
      case .greetingTimeout(let timeout): "the greeting was not over within \(timeout)"
      case .wrongPeer(let peer): "\(peer) \(peer.incarnation) says welcome to a hello for another"
      case .wrongCertificate(let peer):
        "\(peer) answers with the certificate of another node: its common name is not \(peer)"
      }
    }
  }

  /// The first byte of a connection between peers.
  static let protocolByte: UInt8 = 0x01

  /// What the certificate of the other node says, once TLS knows.
  typealias Certificate = () -> CertificateIdentity?

  let side: Side
  /// nil: there is no TLS.
  private let certificate: Certificate?
  private let limits: Limits
  private let metrics: PeerMetrics
  private let owner: any PeerConnectionOwner
  private var phase = Phase.greeting
  /// nil before it is greeted.
  private(set) var partner: Partner?
  private var context: ChannelHandlerContext?
  private var deadline: Scheduled<Void>?
  private var assembler = FrameAssembler(maximumFrameBytes: HelloCodec.maximumBytes)
  private var codec: MessageCodec
  private var hasEnded = false
  /// Whether it is in the list of those to flush.
  var isUnflushed = false
  /// Whether anything was sent that may be lost.
  private(set) var hasSent = false
  /// Small frames on their way into one write.
  private var gathered = ByteBuffer()
  private var unflushed = (messages: 0, bytes: 0)

  /// Messages up to this are copied into one buffer with those beside them, in bytes: an entry of its own in the list
  /// of what waits costs more.
  private static let copyLimit = 16 << 10
  /// What is gathered goes on at this size, in bytes, so that the bound of the lane sees it.
  private static let gatheredLimit = 32 << 10
  /// Bytes to begin with: some small messages.
  private static let gatheredCapacity = 256
  /// The heads of frames may take one part in so many of what the core bounds, which counts batches alone.
  private static let headsShare = 8
  /// One read takes up to this, in bytes: a large frame comes in a few.
  private static let maximumReadBytes = 256 << 10

  init(
    side: Side, certificate: Certificate?, limits: Limits, metrics: PeerMetrics, owner: any PeerConnectionOwner
  ) {
    self.side = side
    self.certificate = certificate
    self.limits = limits
    self.metrics = metrics
    self.owner = owner
    codec = MessageCodec(maximumFrameBytes: limits.maximumFrameBytes)
  }

  var isDialed: Bool {
    switch side {
    case .dialer: true
    case .acceptor: false
    }
  }

  /// Whether the other node may go by a name: a node that was broken into shall not vote in the names of others.
  func isCertified(as id: NodeID) -> Bool {
    certificate.map { $0()?.commonName == id.name } ?? true
  }

  /// nil once it is gone.
  var channel: (any Channel)? { context?.channel }

  /// Reads nothing more and closes; `ended` follows.
  func close() {
    guard phase != .closed else { return }
    leave()
    context?.close(promise: nil)
  }

  /// From now on nothing goes in or out.
  private func leave() {
    if let partner, phase == .open {
      metrics.lane(partner.lane).connections(isDialed: isDialed, changedBy: -1)
    }
    phase = .closed
    deadline?.cancel()
    deadline = nil
  }

  private func fail(_ error: any Error) {
    guard phase != .closed else { return }
    owner.failed(self, error)
    close()
  }
}

// MARK: - Handler

extension PeerConnection {
  /// On a channel that is active, or about to be.
  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    let timeout = limits.greetingTimeout
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
      self?.fail(Failure.greetingTimeout(timeout))
    }
    guard case .dialer(let hello) = side else { return }
    context.writeAndFlush(wrapOutboundOut(HelloCodec.encode(hello)), promise: nil)
  }

  func handlerRemoved(context: ChannelHandlerContext) { end() }

  func channelInactive(context: ChannelHandlerContext) {
    end()
    context.fireChannelInactive()
  }

  private func end() {
    guard !hasEnded else { return }
    hasEnded = true
    leave()
    context = nil
    owner.ended(self)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(error) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard phase != .closed else { return }
    let bytes = unwrapInboundIn(data)
    var messages = 0
    assembler.append(bytes)
    do {
      while phase != .closed, let frame = try assembler.next() {
        if phase == .open { messages += 1 }
        try take(frame, context)
      }
    } catch {
      fail(error)
    }
    count(messages, bytes: bytes.readableBytes)
  }

  private func count(_ messages: Int, bytes: Int) {
    guard let partner else { return }
    metrics.lane(partner.lane).received(messages: messages, bytes: bytes)
  }

  private func take(_ frame: ByteBuffer, _ context: ChannelHandlerContext) throws {
    var frame = frame
    switch (phase, side) {
    case (.open, _):
      guard let message = try codec.decode(&frame) else {
        preconditionFailure("a whole frame of \(frame.readableBytes) bytes holds no message")
      }
      owner.received(message, on: self)
    case (.greeting, .acceptor):
      guard let hello = try HelloCodec.decodeHello(&frame) else {
        preconditionFailure("a whole frame of \(frame.readableBytes) bytes holds no hello")
      }
      try answer(hello, context)
    case (.greeting, .dialer(let hello)):
      guard let answer = try HelloCodec.decodeAnswer(&frame) else {
        preconditionFailure("a whole frame of \(frame.readableBytes) bytes holds no answer")
      }
      try take(answer, to: hello)
    case (.closed, _): break
    }
  }

  private func answer(_ greeting: Greeting<Hello>, _ context: ChannelHandlerContext) throws {
    let answer = owner.answer(greeting, on: self)
    let bytes = wrapOutboundOut(HelloCodec.encode(answer))
    guard answer.refusal == nil, case .known(let hello) = greeting else {
      leave()
      context.writeAndFlush(bytes).assumeIsolated().whenComplete { [weak self] _ in
        self?.context?.close(promise: nil)
      }
      return
    }
    context.writeAndFlush(bytes, promise: nil)
    try open(Partner(peer: hello.sender, lane: hello.lane, clusterID: hello.clusterID))
  }

  private func take(_ greeting: Greeting<HelloAnswer>, to hello: Hello) throws {
    switch greeting {
    case .otherVersion:
      owner.refused(self, .version, by: nil)
      close()
    case .known(let answer):
      if let refusal = answer.refusal {
        owner.refused(self, refusal, by: answer.peer)
        return close()
      }
      guard answer.peer == hello.receiver else { throw Failure.wrongPeer(answer.peer) }
      guard isCertified(as: answer.peer.id) else { throw Failure.wrongCertificate(answer.peer) }
      try open(Partner(peer: hello.receiver, lane: hello.lane, clusterID: hello.clusterID))
    }
  }

  private func open(_ partner: Partner) throws {
    deadline?.cancel()
    deadline = nil
    phase = .open
    self.partner = partner
    metrics.lane(partner.lane).connections(isDialed: isDialed, changedBy: 1)
    if partner.lane == .control { codec.maximumFrameBytes = PeerLane.maximumControlFrameBytes }
    assembler.maximumFrameBytes = codec.maximumFrameBytes
    try setOptions(for: partner.lane)
    owner.opened(self)
  }

  private func setOptions(for lane: PeerLane) throws {
    guard let options = context?.channel.syncOptions else { return }
    // Writable means: the bound is not reached.
    let bound =
      switch lane {
      case .control: limits.maximumControlBytes - Self.gatheredLimit
      case .data: limits.maximumDataBytes + limits.maximumDataBytes / Self.headsShare
      }
    try options.setOption(.writeBufferWaterMark, value: .init(low: bound / 2, high: bound))
    guard lane == .data else { return }
    // One buffer is used for read after read, since nothing of one is kept but batches that fill most of it.
    try options.setOption(
      .recvAllocator,
      value: AdaptiveRecvByteBufferAllocator(minimum: 2 << 10, initial: 64 << 10, maximum: Self.maximumReadBytes))
  }
}

// MARK: - Sending

extension PeerConnection {
  /// Sends with the next `flush`.
  ///
  /// - Returns: false when it does not: too much waits already, or it is not open.
  func send(_ message: Message) -> Bool {
    guard let context, phase == .open, context.channel.isWritable else { return false }
    unflushed.messages += 1
    hasSent = true
    if Self.isSmall(message) {
      // The buffer of the last write is used again, unless it still waits for the socket.
      if gathered.readableBytes == 0 { gathered.clear(minimumCapacity: Self.gatheredCapacity) }
      codec.encode(message, into: &gathered)
      if gathered.readableBytes >= Self.gatheredLimit { writeGathered(context) }
    } else {
      writeGathered(context)
      for buffer in codec.encode(message) { write(buffer, context) }
    }
    return true
  }

  private static func isSmall(_ message: Message) -> Bool {
    switch message {
    case .appendRequest(let request): request.batches.reduce(0) { $0 + $1.byteCount } <= copyLimit
    case .snapshot: false
    default: true
    }
  }

  func flush() {
    isUnflushed = false
    guard let context, let partner, phase == .open else { return }
    writeGathered(context)
    metrics.lane(partner.lane).sent(messages: unflushed.messages, bytes: unflushed.bytes)
    unflushed = (0, 0)
    context.flush()
  }

  private func writeGathered(_ context: ChannelHandlerContext) {
    guard gathered.readableBytes > 0 else { return }
    write(gathered, context)
    gathered.moveReaderIndex(to: gathered.writerIndex)
  }

  private func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
    unflushed.bytes += bytes.readableBytes
    context.write(wrapOutboundOut(bytes), promise: nil)
  }
}
