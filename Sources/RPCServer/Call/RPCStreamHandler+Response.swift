import Compression
import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2

/// What the handler of the call sends.
extension RPCStreamHandler {
  /// Messages from this size on go out in a frame of their own instead of being copied behind their prefix, in bytes.
  private static let copyLimit = 4096

  func sendInitialMetadata(_ metadata: RPCMetadata) {
    switch machine.sendHeaders() {
    case .write:
      initialMetadata = metadata
      writeInitialHeaders()
      flushSoon()
    case .drop: break
    case .illegal: preconditionFailure("initial metadata after the first message or the end (\(machine))")
    }
  }

  func send(_ message: ByteBuffer) {
    guard beginMessage() else { return }
    if let minimum = environment.configuration.minimumBytesToCompress, compressesResponse,
      message.readableBytes >= minimum
    {
      writeCompressed(message)
    } else if message.readableBytes < Self.copyLimit {
      var frame = ByteBufferAllocator().buffer(capacity: MessageFramer.prefixBytes + message.readableBytes)
      frame.writeMessagePrefix(isCompressed: false, length: message.readableBytes)
      frame.writeImmutableBuffer(message)
      writeData(frame)
    } else {
      var prefix = ByteBufferAllocator().buffer(capacity: MessageFramer.prefixBytes)
      prefix.writeMessagePrefix(isCompressed: false, length: message.readableBytes)
      writeData(prefix)
      writeData(message)
    }
    messageWritten(bytes: message.readableBytes)
  }

  func send(capacity: Int, _ write: (inout ByteBuffer) -> Void) {
    if compressesResponse {
      var message = ByteBufferAllocator().buffer(capacity: capacity)
      write(&message)
      return send(message)
    }
    guard beginMessage() else { return }
    var frame = ByteBufferAllocator().buffer(capacity: MessageFramer.prefixBytes + capacity)
    frame.writeMessagePrefix(isCompressed: false, length: 0)
    write(&frame)
    let length = frame.readableBytes - MessageFramer.prefixBytes
    frame.setInteger(UInt32(length), at: frame.readerIndex + 1)
    writeData(frame)
    messageWritten(bytes: length)
  }

  func finish(_ status: RPCStatus, trailers: RPCMetadata?) {
    let action = machine.finish()
    switch action {
    case .drop: return
    case .illegal: preconditionFailure("the call was finished twice, the second time with \(status) (\(machine))")
    case .trailers, .trailersOnly: break
    }
    ended(status.code)
    writeStatus(status, trailers: trailers, action)
  }

  func writeStatus(_ status: RPCStatus, trailers: RPCMetadata?, _ action: CallStateMachine.OnFinish) {
    switch action {
    case .trailersOnly(let resetsRequest):
      writeLast(ResponseHeaders.trailersOnly(status, metadata: trailers), resetsRequest: resetsRequest)
    case .trailers(let resetsRequest):
      writeLast(ResponseHeaders.trailers(status, metadata: trailers), resetsRequest: resetsRequest)
    case .drop, .illegal: break
    }
  }

  func writeLast(_ headers: HPACKHeaders, resetsRequest: Bool) {
    guard let context else { return }
    let payload = wrapOutboundOut(.headers(.init(headers: headers, endStream: true)))
    if resetsRequest {
      // Only after the answer is out, which flow control may delay: a reset drops what waits.
      let written = context.eventLoop.makePromise(of: Void.self)
      written.futureResult.assumeIsolated().whenSuccess { [weak self] in
        guard let self, let context = self.context else { return }
        context.writeAndFlush(self.wrapOutboundOut(.rstStream(.noError)), promise: nil)
      }
      context.write(payload, promise: written)
    } else {
      context.write(payload, promise: nil)
    }
    connection.sentFrame()
    flushSoon()
  }

  /// Returns whether a message may be written now, with the initial headers before it.
  private func beginMessage() -> Bool {
    switch machine.sendMessage() {
    case .write(let headersFirst):
      if headersFirst { writeInitialHeaders() }
      return true
    case .drop: return false
    case .illegal: preconditionFailure("a message was sent after the call was finished (\(machine))")
    }
  }

  private func messageWritten(bytes: Int) {
    if let observer = environment.observer, let method { observer.messageSent(method, bytes: bytes) }
    connection.sentMessage(bytes: bytes)
    flushSoon()
    guard !isWritable else { return }
    let size = MessageFramer.prefixBytes + bytes
    bufferedBytes += size
    connection.bufferedResponseBytes += size
    // Without this message: one of any size may be sent.
    if bufferedBytes - size > environment.configuration.maximumBufferedResponseBytes
      || connection.bufferedResponseBytes - size
        > environment.configuration.maximumBufferedResponseBytesPerConnection
    {
      // ENHANCE_YOUR_CALM is RESOURCE_EXHAUSTED to a gRPC client; trailers would only queue behind what it does not read.
      environment.logger.info("call stopped: \(bufferedBytes) bytes wait for a client that does not read")
      reset(.enhanceYourCalm)
    }
  }

  private func writeInitialHeaders() {
    guard let context else { return }
    let headers = ResponseHeaders.initial(compressed: compressesResponse, metadata: initialMetadata)
    context.write(wrapOutboundOut(.headers(.init(headers: headers, endStream: false))), promise: nil)
  }

  private func writeCompressed(_ message: ByteBuffer) {
    var frame = ByteBufferAllocator().buffer(capacity: MessageFramer.prefixBytes + message.readableBytes / 2)
    frame.writeMessagePrefix(isCompressed: true, length: 0)
    Gzip.compress(message, into: &frame)
    frame.setInteger(UInt32(frame.readableBytes - MessageFramer.prefixBytes), at: frame.readerIndex + 1)
    writeData(frame)
  }

  private func writeData(_ bytes: ByteBuffer) {
    context?.write(wrapOutboundOut(.data(.init(data: .byteBuffer(bytes)))), promise: nil)
  }
}

extension ByteBuffer {
  fileprivate mutating func writeMessagePrefix(isCompressed: Bool, length: Int) {
    writeInteger(UInt8(isCompressed ? 1 : 0))
    writeInteger(UInt32(length))
  }
}
