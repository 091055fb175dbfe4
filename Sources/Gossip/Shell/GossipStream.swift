import NIOCore

/// A TCP connection, on which each side says one thing. Confined to the event loop.
///
/// Ends once, with the message of the other side or with an error; the owner may then still answer.
final class GossipStream: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  /// Why there is no message.
  enum Failure: Error, Hashable, CustomStringConvertible {
    case silent, stalled, cutOff
    case tooMany(limit: Int)
    case tooManyBytes(limit: Int)
    case unexpected(String)

    var description: String {
      switch self {
      case .silent: "it connected and said nothing"
      case .stalled: "it took too long"
      case .cutOff: "it closed the connection in the middle of a message"
      case .tooMany(let limit): "\(limit) streams are open"
      case .tooManyBytes(let limit): "all streams together hold \(limit) bytes"
      case .unexpected(let what): what
      }
    }
  }

  private let hub: GossipHub
  private(set) var channel: (any Channel)?
  private(set) var hasSpoken = false
  /// What it holds of the bytes that all streams may hold.
  private var charged = 0
  private var decoder: StreamDecoder
  private var onOutcome: ((Result<StreamMessage, any Error>) -> Void)?
  private var onClose: (() -> Void)?
  private var timers: [Scheduled<Void>] = []
  private var isClosed = false

  init(
    _ hub: GossipHub, onOutcome: @escaping (Result<StreamMessage, any Error>) -> Void, onClose: @escaping () -> Void
  ) {
    self.hub = hub
    self.onOutcome = onOutcome
    self.onClose = onClose
    decoder = StreamDecoder(limit: hub.configuration.limits.streamBytes)
  }

  var remoteAddress: GossipAddress? { channel?.remoteAddress.flatMap { GossipAddress($0) } }

  // MARK: Time

  /// From now on, for all of it.
  func limit(to time: TimeAmount) {
    after(time) { stream in stream.fail(stream.hasSpoken ? Failure.stalled : .silent) }
  }

  func limitSilence(to time: TimeAmount) {
    after(time) { stream in if !stream.hasSpoken { stream.fail(Failure.silent) } }
  }

  private func after(_ time: TimeAmount, _ body: @escaping (GossipStream) -> Void) {
    timers.append(
      hub.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in
        if let self { body(self) }
      })
  }

  // MARK: Channel

  /// Of one that is dialed: it is closed where it came too late.
  func attach(_ channel: any Channel) throws {
    guard !isClosed else { throw ChannelError.alreadyClosed }
    self.channel = channel
    try channel.pipeline.syncOperations.addHandler(self)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // One side says one thing: what follows is not kept.
    guard onOutcome != nil else { return }
    let buffer = unwrapInboundIn(data)
    hasSpoken = true
    guard hub.charge(buffer.readableBytes) else {
      return fail(Failure.tooManyBytes(limit: hub.configuration.limits.allStreamBytes))
    }
    charged += buffer.readableBytes
    decoder.append(buffer.readableBytesView)
    do {
      if let message = try decoder.next(hub.security) { end(.success(message)) }
    } catch {
      fail(error)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(hasSpoken ? Failure.cutOff : .silent)
    close()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(error)
    close()
  }

  /// Without a message: the stream is closed, unless its owner still has an answer.
  func fail(_ error: any Error) {
    if onOutcome != nil { end(.failure(error)) } else { close() }
  }

  private func end(_ result: Result<StreamMessage, any Error>) {
    guard let onOutcome else { return }
    self.onOutcome = nil
    decoder = StreamDecoder(limit: 0)
    onOutcome(result)
  }

  // MARK: Saying something

  /// Closes where there is no room for it.
  func write(_ message: StreamMessage, thenCloses: Bool) {
    let bytes = hub.security.seal(stream: MemberlistCodec.encode(stream: message))
    guard let channel, !isClosed, hub.charge(bytes.count) else { return close() }
    charged += bytes.count
    hub.metrics.sentOverStream(bytes: bytes.count)
    let written = channel.writeAndFlush(ByteBuffer(bytes: bytes))
    written.assumeIsolated().whenComplete { [weak self] result in
      switch result {
      case .failure(let error): self?.fail(error)
      case .success: if thenCloses { self?.close() }
      }
    }
  }

  func close() {
    guard !isClosed else { return }
    isClosed = true
    for timer in timers { timer.cancel() }
    timers = []
    channel?.close(promise: nil)
    hub.refund(charged)
    let onClose = onClose
    self.onClose = nil
    end(.failure(Failure.cutOff))
    onClose?()
  }
}
