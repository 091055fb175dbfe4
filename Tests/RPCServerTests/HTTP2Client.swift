import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// An HTTP/2 client of bare frames: it can do what no gRPC library would.
struct HTTP2Client: Sendable {
  let channel: any Channel
  let root: RootFrames

  /// `windowBytes` are what a stream and the connection may receive unread. A client that `ignoresGoAways` opens streams
  /// as if there were none; `root` has them. `tls` must offer ALPN h2.
  static func connect(
    to address: SocketAddress, windowBytes: Int = 65_535, ignoresGoAways: Bool = false, tls: NIOSSLContext? = nil
  ) async throws -> HTTP2Client {
    let root = RootFrames()
    var configuration = NIOHTTP2Handler.ConnectionConfiguration()
    configuration.initialSettings.append(HTTP2Setting(parameter: .initialWindowSize, value: windowBytes))
    let connection = configuration
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let http2 = NIOHTTP2Handler(
            mode: .client, eventLoop: channel.eventLoop, connectionConfiguration: connection,
            streamConfiguration: .init()
          ) { $0.close() }
          if let tls {
            let handler = try NIOSSLClientHandler(context: tls, serverHostname: "localhost")
            try channel.pipeline.syncOperations.addHandlers(handler, ProtocolHandler(root))
          }
          if ignoresGoAways { try channel.pipeline.syncOperations.addHandler(GoAwayFilter(root)) }
          try channel.pipeline.syncOperations.addHandlers([http2, RootFrameHandler(root)])
        }
      }
      .connect(to: address).get()
    let client = HTTP2Client(channel: channel, root: root)
    if windowBytes > 65_535 { try await client.widenWindow(by: windowBytes - 65_535) }
    return client
  }

  /// Sends WINDOW_UPDATE for the connection.
  func widenWindow(by bytes: Int) async throws {
    try await channel.writeAndFlush(
      HTTP2Frame(streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: bytes)))
  }

  static func headers(_ path: String, _ extra: [(String, String)] = []) -> HPACKHeaders {
    var headers = [
      (":method", "POST"), (":path", path), (":scheme", "http"), (":authority", "test"), ("te", "trailers"),
      ("content-type", "application/grpc"),
    ]
    for field in extra {
      // In place: pseudo-headers must stay in front.
      if let index = headers.firstIndex(where: { $0.0 == field.0 }) {
        headers[index] = field
      } else {
        headers.append(field)
      }
    }
    return HPACKHeaders(headers)
  }

  static func message(_ bytes: [UInt8], flag: UInt8 = 0) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.writeInteger(flag)
    buffer.writeInteger(UInt32(bytes.count))
    buffer.writeBytes(bytes)
    return buffer
  }

  /// Opens a stream with `headers`. `autoRead` false leaves the response to flow control.
  func open(_ headers: HPACKHeaders, endStream: Bool = false, autoRead: Bool = true) async throws -> HTTP2TestStream {
    let response = ResponseCollector()
    let channel = channel
    let stream: any Channel = try await channel.eventLoop.flatSubmit {
      channel.pipeline.handler(type: NIOHTTP2Handler.self).flatMap(\.multiplexer)
    }.flatMap { multiplexer in
      let promise = channel.eventLoop.makePromise(of: (any Channel).self)
      multiplexer.createStreamChannel(promise: promise) { stream in
        stream.eventLoop.makeCompletedFuture {
          try stream.syncOptions?.setOption(ChannelOptions.autoRead, value: autoRead)
          try stream.pipeline.syncOperations.addHandler(ResponseHandler(response))
        }
      }
      return promise.futureResult
    }.get()
    try await stream.writeAndFlush(
      HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: endStream)))
    return HTTP2TestStream(channel: stream, response: response)
  }

  /// One request of one message, whole; returns the response when the stream has closed.
  func call(
    _ path: String, _ message: ByteBuffer, headers: [(String, String)] = []
  ) async throws -> ResponseCollector.Response {
    let stream = try await open(Self.headers(path, headers))
    // The server may have refused the call by its headers, and reset the stream.
    try? await stream.send(message, endStream: true)
    return try await stream.end()
  }
}

struct HTTP2TestStream: Sendable {
  let channel: any Channel
  let response: ResponseCollector

  func send(_ data: ByteBuffer, endStream: Bool = false) async throws {
    try await channel.writeAndFlush(
      HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(data), endStream: endStream)))
  }

  func reset() async throws {
    try await channel.writeAndFlush(HTTP2Frame.FramePayload.rstStream(.cancel))
  }

  /// Waits until the stream has closed.
  func end() async throws -> ResponseCollector.Response {
    try await channel.closeFuture.get()
    return response.value
  }
}

/// What a stream was answered.
final class ResponseCollector: Sendable {
  struct Response {
    var blocks: [HPACKHeaders] = []
    var body = ByteBuffer()
    var resetCode: HTTP2ErrorCode?

    /// `grpc-status` of the last block.
    var status: String? { blocks.last?.first(name: "grpc-status") }
    var message: String? { blocks.last?.first(name: "grpc-message") }
  }

  private let state = Mutex(Response())
  var value: Response { state.withLock { $0 } }

  func update(_ body: (inout Response) -> Void) { state.withLock { body(&$0) } }
}

private final class ResponseHandler: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame.FramePayload
  private let response: ResponseCollector

  init(_ response: ResponseCollector) { self.response = response }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let payload = unwrapInboundIn(data)
    response.update { response in
      switch payload {
      case .headers(let frame): response.blocks.append(frame.headers)
      case .data(let frame): if case .byteBuffer(let bytes) = frame.data { response.body.writeImmutableBuffer(bytes) }
      case .rstStream(let code): response.resetCode = code
      default: break
      }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let closed = error as? NIOHTTP2Errors.StreamClosed {
      response.update { $0.resetCode = closed.errorCode }
    }
  }
}

/// Frames of stream 0.
final class RootFrames: Sendable {
  private let state = Mutex<[HTTP2Frame.FramePayload]>([])
  private let negotiated = Mutex<String?>(nil)

  var negotiatedProtocol: String? { negotiated.withLock { $0 } }

  func setProtocol(_ name: String?) { negotiated.withLock { $0 = name } }

  func append(_ payload: HTTP2Frame.FramePayload) { state.withLock { $0.append(payload) } }

  var goAways: [(lastStreamID: HTTP2StreamID, code: HTTP2ErrorCode, data: String)] {
    state.withLock { frames in
      frames.compactMap {
        guard case .goAway(let id, let code, let data) = $0 else { return nil }
        return (id, code, data.map { String(buffer: $0) } ?? "")
      }
    }
  }

  var pings: Int {
    state.withLock { frames in
      frames.count {
        if case .ping(_, ack: false) = $0 { true } else { false }
      }
    }
  }
}

/// Notes what ALPN has chosen.
private final class ProtocolHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  private let root: RootFrames

  init(_ root: RootFrames) { self.root = root }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let negotiated) = event as? TLSUserEvent { root.setProtocol(negotiated) }
    context.fireUserInboundEventTriggered(event)
  }
}

/// Takes GOAWAY out of what HTTP/2's handler gets to see.
private final class GoAwayFilter: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  private static let headerBytes = 9
  private static let goAwayType: UInt8 = 7
  private let root: RootFrames
  private var received = ByteBuffer()

  init(_ root: RootFrames) { self.root = root }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received.writeImmutableBuffer(unwrapInboundIn(data))
    while let head = received.getInteger(at: received.readerIndex, as: UInt32.self),
      let frame = received.readSlice(length: Self.headerBytes + Int(head >> 8))
    {
      if UInt8(truncatingIfNeeded: head) == Self.goAwayType {
        root.append(.goAway(lastStreamID: .rootStream, errorCode: .noError, opaqueData: nil))
      } else {
        context.fireChannelRead(wrapInboundOut(frame))
      }
    }
  }
}

private final class RootFrameHandler: ChannelInboundHandler {
  typealias InboundIn = HTTP2Frame
  private let root: RootFrames

  init(_ root: RootFrames) { self.root = root }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { root.append(unwrapInboundIn(data).payload) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The server closes connections under this client on purpose.
  }
}
