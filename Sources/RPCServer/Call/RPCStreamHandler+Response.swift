import Compression
import Logging
import NIOCore
import NIOHPACK
import NIOHTTP2

/// What the handler of the call sends.
extension RPCStreamHandler {
  /// Messages from this size on go out in a frame of their own instead of being copied into one with others, in bytes.
  private static let copyLimit = 4096
  /// Small messages share DATA frames of up to this many bytes, the largest frame that every client takes (RFC 9113,
  /// 4.2): most of what a message costs is its frame.
  private static let sharedFrameBytes = 16 << 10

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
    var wireBytes = MessageFramer.prefixBytes + message.readableBytes
    if let minimum = environment.configuration.minimumBytesToCompress, compressesResponse,
      message.readableBytes >= minimum
    {
      wireBytes = writeCompressed(message)
    } else if message.readableBytes < Self.copyLimit {
      makeRoom(bytes: MessageFramer.prefixBytes + message.readableBytes)
      pendingData.writeMessagePrefix(isCompressed: false, length: message.readableBytes)
      pendingData.writeImmutableBuffer(message)
    } else {
      makeRoom(bytes: MessageFramer.prefixBytes)
      pendingData.writeMessagePrefix(isCompressed: false, length: message.readableBytes)
      writePendingData()
      writeData(message)
    }
    messageWritten(bytes: message.readableBytes, wireBytes: wireBytes)
  }

  func send(capacity: Int, _ write: (inout ByteBuffer) -> Void) {
    if compressesResponse {
      var message = ByteBufferAllocator().buffer(capacity: capacity)
      write(&message)
      return send(message)
    }
    guard beginMessage() else { return }
    makeRoom(bytes: MessageFramer.prefixBytes + capacity)
    let start = pendingData.writerIndex
    pendingData.writeMessagePrefix(isCompressed: false, length: 0)
    write(&pendingData)
    let length = pendingData.writerIndex - start - MessageFramer.prefixBytes
    pendingData.setInteger(UInt32(length), at: start + 1)
    messageWritten(bytes: length, wireBytes: MessageFramer.prefixBytes + length)
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
    writePendingData()
    let payload = HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: true))
    if resetsRequest {
      // Only after the answer is out, which flow control may delay: a reset drops what waits.
      let written = connection.eventLoop.makePromise(of: Void.self)
      written.futureResult.assumeIsolated().whenSuccess { [weak self] in
        // Kept until the flush: the reset makes the connection forget the stream.
        guard let self else { return }
        self.write(.rstStream(.noError))
        self.flushSoon()
      }
      write(payload, promise: written)
    } else {
      write(payload)
    }
    flushSoon()
    connection.endWritten()
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

  /// `wireBytes`: with the prefix, and after compression; what HTTP/2's handler will report as written.
  private func messageWritten(bytes: Int, wireBytes: Int) {
    accepted(bytes: wireBytes)
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
    let headers = ResponseHeaders.initial(compressed: compressesResponse, metadata: initialMetadata)
    write(.headers(.init(headers: headers, endStream: false)))
  }

  /// Returns the bytes that it takes on the wire.
  private func writeCompressed(_ message: ByteBuffer) -> Int {
    makeRoom(bytes: MessageFramer.prefixBytes + message.readableBytes / 2)
    let start = pendingData.writerIndex
    pendingData.writeMessagePrefix(isCompressed: true, length: 0)
    Gzip.compress(message, into: &pendingData)
    let wireBytes = pendingData.writerIndex - start
    pendingData.setInteger(UInt32(wireBytes - MessageFramer.prefixBytes), at: start + 1)
    return wireBytes
  }

  /// Lets go of what is pending if `bytes` more would not fit the same frame.
  private func makeRoom(bytes: Int) {
    if pendingData.readableBytes > 0, pendingData.readableBytes + bytes > Self.sharedFrameBytes { writePendingData() }
    if pendingData.readableBytes == 0 { pendingData = ByteBufferAllocator().buffer(capacity: bytes) }
  }

  func writePendingData() {
    guard pendingData.readableBytes > 0 else { return }
    writeData(pendingData)
    pendingData = ByteBuffer()
  }

  private func writeData(_ bytes: ByteBuffer) { write(.data(.init(data: .byteBuffer(bytes)))) }
}

extension ByteBuffer {
  fileprivate mutating func writeMessagePrefix(isCompressed: Bool, length: Int) {
    writeInteger(UInt8(isCompressed ? 1 : 0))
    writeInteger(UInt32(length))
  }
}
