import NIOCore

/// Turns the flushes during a read into one write to the socket, at its end. Sits next to the socket (or to TLS), below
/// HTTP/2.
final class FlushCoalescingHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = IOData
  typealias OutboundOut = IOData

  private var context: ChannelHandlerContext?
  private var isReading = false
  private var isFlushPending = false

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  /// Writes a frame that HTTP/2's handler must not know of.
  func writeFrame(_ bytes: ByteBuffer) {
    context?.write(wrapOutboundOut(.byteBuffer(bytes)), promise: nil)
    isFlushPending = true
    flushPending()
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
    flushPending()
    context.close(mode: mode, promise: promise)
  }

  private func flushPending() {
    guard isFlushPending, !isReading else { return }
    isFlushPending = false
    context?.flush()
  }
}
