import NIOCore

/// Sees what a client sends before HTTP/2's handler does, and cuts off the client that spends its `AbuseBudget` or leaves
/// a frame or a block of headers unfinished (slow-loris). swift-nio-http2 bounds the sizes: of frames, of header blocks
/// by HPACK's count, of CONTINUATIONs in a block.
final class AbuseGuard: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer

  private let frameTimeout: TimeAmount
  private var budget: AbuseBudget
  private var scanner = FrameScanner()
  private var timer: Scheduled<Void>?
  private var isCutOff = false
  private var context: ChannelHandlerContext?

  /// Ends the connection; called once. The text goes into the GOAWAY.
  var onAbuse: ((String) -> Void)?

  init(limits: AbuseBudget.Limits, frameTimeout: TimeAmount) {
    budget = AbuseBudget(limits)
    self.frameTimeout = frameTimeout
  }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    timer?.cancel()
    timer = nil
    onAbuse = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    // What comes after the end is read only to be dropped.
    guard !isCutOff else { return }
    var isWithinBudget = true
    scanner.scan(unwrapInboundIn(data)) { frame in
      isWithinBudget = !budget.received(frame, now: .now())
      return isWithinBudget
    }
    guard isWithinBudget else { return cutOff("excessive_frames") }
    if scanner.isIncomplete, timer == nil { startTimer(context) }
    context.fireChannelRead(data)
  }

  func messageSent(bytes: Int) { budget.messageSent(bytes: bytes) }

  func streamFailed() {
    if budget.streamFailed(now: .now()) { cutOff("excessive_stream_errors") }
  }

  private func startTimer(_ context: ChannelHandlerContext) {
    let unit = scanner.completedUnits
    timer = context.eventLoop.assumeIsolated().scheduleTask(in: frameTimeout) { [weak self] in
      guard let self, let context = self.context else { return }
      self.timer = nil
      guard self.scanner.isIncomplete else { return }
      if self.scanner.completedUnits == unit {
        self.cutOff("frame_timeout")
      } else {
        // Another one, which began since: at most twice the time is allowed.
        self.startTimer(context)
      }
    }
  }

  private func cutOff(_ reason: String) {
    guard !isCutOff else { return }
    isCutOff = true
    onAbuse?(reason)
  }
}
