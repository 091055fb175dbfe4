import NIOCore

/// Waits for the first byte of a connection, has the handlers added that speak what it tells, and is gone: gRPC pays
/// one cast and nothing after it.
final class FirstByteHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let timeout: TimeAmount
  /// Adds the handlers to the pipeline; throws to have the connection closed.
  private let onFirstByte: (PortProtocol) throws -> Void
  /// The time was over.
  private let onSilence: () -> Void
  private var deadline: Scheduled<Void>?

  init(
    timeout: TimeAmount, onFirstByte: @escaping (PortProtocol) throws -> Void, onSilence: @escaping () -> Void
  ) {
    self.timeout = timeout
    self.onFirstByte = onFirstByte
    self.onSilence = onSilence
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let channel = context.channel
    deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { [weak self] in
      self?.onSilence()
      channel.close(promise: nil)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    guard let firstByte = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) else { return }
    let spoken = PortProtocol(firstByte: firstByte)
    if spoken == .peer { bytes.moveReaderIndex(forwardBy: 1) }
    let pipeline = context.pipeline.syncOperations
    do {
      try onFirstByte(spoken)
    } catch {
      return context.close(promise: nil)
    }
    // From the front, as for every read after this one. The handlers were not there when the channel became active.
    pipeline.removeHandler(context: context, promise: nil)
    pipeline.fireChannelActive()
    if bytes.readableBytes > 0 { pipeline.fireChannelRead(NIOAny(bytes)) }
  }
}
