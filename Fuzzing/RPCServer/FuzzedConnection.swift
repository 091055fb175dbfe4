import FuzzSupport
import Logging
import NIOCore
import NIOEmbedded
import Synchronization

@testable import RPCServer

/// A connection to a server with echo methods, in memory: the whole pipeline below and above HTTP/2, without a socket.
final class FuzzedConnection {
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

  let eventLoop = EmbeddedEventLoop()
  private let channel: EmbeddedChannel
  private let server: RPCServer
  private let observer = Observer()
  private var received: [UInt8] = []

  init() throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.maximumReceiveMessageBytes = 1 << 16
    configuration.minimumBytesToCompress = 64
    configuration.connection.maximumAge = .hours(1)
    server = RPCServer(
      configuration: configuration, router: RPCRouter(Self.methods), observer: observer, eventLoopGroup: eventLoop,
      logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
    channel = EmbeddedChannel(loop: eventLoop)
    try server.attach(to: channel)
    try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    eventLoop.run()
  }

  func receive(_ bytes: [UInt8]) throws {
    guard channel.isActive, !bytes.isEmpty else { return }
    channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
    channel.pipeline.fireChannelReadComplete()
    eventLoop.run()
    try collect()
  }

  func beginDraining() { server.beginGracefulShutdown() }

  /// Closes the connection and checks what must hold at its end.
  ///
  /// - Returns: whether a call came through.
  func finish() throws -> Bool {
    channel.close(promise: nil)
    eventLoop.run()
    try collect()
    // Timers that outlive their connection would fire now.
    eventLoop.advanceTime(by: .hours(24))
    try checkFrames()
    let counts = observer.counts
    try require(server.openConnections == 0, "\(server.openConnections) connections are still open")
    try require(
      counts.opened == 1 && counts.closed == 1,
      "a connection was opened \(counts.opened) times, "
        + "closed \(counts.closed) times")
    try require(counts.started == counts.finished, "\(counts.started) calls were begun, \(counts.finished) ended")
    return counts.messages > 0
  }

  private func collect() throws {
    while let data = try channel.readOutbound(as: IOData.self) {
      if case .byteBuffer(let bytes) = data { received += Array(buffer: bytes) }
    }
  }

  /// What the server sent is whole frames of HTTP/2.
  private func checkFrames() throws {
    var rest = received[...]
    while !rest.isEmpty {
      let head = Array(rest.prefix(9))
      try require(head.count == 9, "the server sent \(head.count) bytes of a frame's head")
      let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
      try require(rest.count >= 9 + length, "the server sent a frame that is cut off")
      try require(head[3] <= 9, "the server sent a frame of type \(head[3])")
      rest = rest.dropFirst(9 + length)
    }
  }
}

extension FuzzedConnection {
  static let paths = [
    "/test.Echo/Unary", "/test.Echo/Bidi", "/test.Echo/Stream", "/test.Echo/Hang", "/test.Echo/Fail", "/test.Echo/No",
  ]

  private static var methods: [RPCMethod] {
    [
      .unary(paths[0]) { request, call in
        call.sendInitialMetadata(echoed(call.metadata))
        call.respond(request, trailers: echoed(call.metadata))
      },
      RPCMethod(paths[1]) { BidiEcho(call: $0) },
      .serverStreaming(paths[2]) { request, call in
        // As many answers as the first byte says, while the client takes them.
        var left = Int(request.getInteger(at: request.readerIndex, as: UInt8.self) ?? 0)
        let sendMore = { [unowned call] in
          while left > 0, call.isWritable {
            left -= 1
            call.send(request)
          }
          if left == 0, !call.isEnded { call.finish(.ok) }
        }
        call.onWritabilityChange = sendMore
        sendMore()
      },
      .unary(paths[3]) { _, _ in },
      .unary(paths[4]) { request, call in
        call.finish(RPCStatus(.aborted, String(buffer: request), serializedDetails: Array(buffer: request)))
      },
    ]
  }

  private static func echoed(_ metadata: RPCMetadata) -> RPCMetadata {
    var echoed = RPCMetadata()
    // A value that is no printable ASCII cannot be sent back; that is an error to the handler, not to the connection.
    for value in metadata.values("x-text") { try? echoed.add(value, for: "x-text") }
    for value in metadata.binaryValues("x-data-bin") { try? echoed.addBinary(value, for: "x-data-bin") }
    return echoed
  }
}

private final class BidiEcho: RPCCallHandler {
  private let call: RPCCall

  init(call: RPCCall) { self.call = call }

  func receive(_ message: ByteBuffer) {
    call.send(message)
    // Now and then, as a slow handler would.
    if message.readableBytes % 3 == 0 {
      call.pauseReading()
      call.handle.execute { $0.resumeReading() }
    }
  }

  func receiveEnd() { call.finish(.ok) }

  func serverIsDraining() { call.finish(RPCStatus(.unavailable, "draining")) }
}

private final class Observer: RPCObserver {
  struct Counts {
    var opened = 0
    var closed = 0
    var started = 0
    var finished = 0
    var messages = 0
  }

  private let state = Mutex(Counts())
  var counts: Counts { state.withLock { $0 } }

  func connectionOpened() { state.withLock { $0.opened += 1 } }
  func connectionClosed() { state.withLock { $0.closed += 1 } }
  func callStarted(_ method: RPCMethod?) { state.withLock { $0.started += 1 } }
  func messageReceived(_ method: RPCMethod, bytes: Int) { state.withLock { $0.messages += 1 } }
  func messageSent(_ method: RPCMethod, bytes: Int) {}
  func callFinished(_ method: RPCMethod?, code: RPCStatus.Code, duration: TimeAmount) {
    state.withLock { $0.finished += 1 }
  }
}
