import NIOCore

/// Turns the flushes during a read, or while they are held, into one write to the socket, and the frames of that write into
/// one buffer. Sits next to the socket (or to TLS), below HTTP/2.
final class FlushCoalescingHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  private var context: ChannelHandlerContext?
  private var isReading = false
  private var isHeld = false
  private var isFlushPending = false
  /// Small frames on their way into one write: each by itself costs several allocations, here and in HTTP/2's handler, which
  /// can use its buffer again once the frame is copied out of it.
  private var gathered = ByteBuffer()

  /// Longer ones, in bytes, are passed on as they are.
  private static let copyLimit = 1024
  /// What is gathered goes on at this size, in bytes, so that the socket's watermarks see it.
  private static let gatheredLimit = 32 << 10
  /// Bytes to begin with: headers, message and trailers of a few small answers.
  private static let initialCapacity = 512

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  /// Nothing is flushed until `release`, which must come in this turn of the event loop.
  func hold() { isHeld = true }

  func release() {
    isHeld = false
    flushPending()
  }

  /// Writes a frame that HTTP/2's handler must not know of.
  func writeFrame(_ bytes: ByteBuffer) {
    guard let context else { return }
    writeGathered(context)
    context.write(wrapOutboundOut(.byteBuffer(bytes)), promise: nil)
    isFlushPending = true
    flushPending()
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard promise == nil, case .byteBuffer(let bytes) = unwrapOutboundIn(data), bytes.readableBytes <= Self.copyLimit
    else {
      writeGathered(context)
      return context.write(data, promise: promise)
    }
    if gathered.readableBytes == 0 { gathered = context.channel.allocator.buffer(capacity: Self.initialCapacity) }
    gathered.writeImmutableBuffer(bytes)
    if gathered.readableBytes >= Self.gatheredLimit { writeGathered(context) }
  }

  private func writeGathered(_ context: ChannelHandlerContext) {
    guard gathered.readableBytes > 0 else { return }
    context.write(wrapOutboundOut(.byteBuffer(gathered)), promise: nil)
    gathered = ByteBuffer()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    isReading = true
    context.fireChannelRead(data)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    isReading = false
    flushPending()
  }

  func flush(context: ChannelHandlerContext) {
    isFlushPending = true
    flushPending()
  }

  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    // What was said before the close must get out: a GOAWAY, the trailers of the last call.
    isReading = false
    release()
    context.close(mode: mode, promise: promise)
  }

  private func flushPending() {
    guard isFlushPending, !isReading, !isHeld else { return }
    isFlushPending = false
    guard let context else { return }
    writeGathered(context)
    context.flush()
  }
}
