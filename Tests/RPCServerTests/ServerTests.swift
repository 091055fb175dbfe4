import NIOCore
import NIOHPACK
import NIOHTTP2
import Synchronization
import Testing

@testable import RPCServer

@Suite("A server on a socket", .timeLimit(.minutes(1)))
struct ServerTests {
  private static let hello = HTTP2Client.message(Array("hello".utf8))

  @Test("an echo comes back with headers, one message and trailers")
  func echo() async throws {
    let observer = CountingObserver()
    try await withServer(observer: observer) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let response = try await client.call("/test.Echo/Unary", Self.hello, headers: [("x-text", "v")])
      #expect(response.body == Self.hello)
      #expect(response.blocks.count == 2)
      #expect(response.blocks[0].first(name: ":status") == "200")
      #expect(response.blocks[0].first(name: "x-text") == "v")
      #expect(response.status == "0")
      #expect(response.message == nil)
      try await client.channel.close()
    }
    let counts = observer.counts
    #expect(
      counts
        == .init(opened: 1, closed: 1, started: 1, finished: ["/test.Echo/Unary ok"], received: 5, sent: 5))
  }

  @Test("an async method answers, and its RPCStatus is the status")
  func async() async throws {
    try await withServer { _, address in
      let client = try await HTTP2Client.connect(to: address)
      #expect(try await client.call("/test.Echo/Async", Self.hello).body == Self.hello)
      #expect(try await client.call("/test.Echo/Async", HTTP2Client.message([])).status == "3")
    }
  }

  @Test(
    "requests that are no calls are refused in HTTP's or gRPC's words",
    arguments: [
      ("/test.Echo/Unary", ":method", "GET", "405", nil),
      ("/test.Echo/Unary", "content-type", "application/json", "415", nil),
      ("/test.Echo/Nothing", "x", "y", "200", "12"), ("/nonsense", "x", "y", "200", "12"),
      ("/test.Echo/Unary", "grpc-encoding", "snappy", "200", "12"),
      ("/test.Echo/Unary", "grpc-timeout", "1 hour", "200", "13"),
      ("/test.Echo/Hang", "grpc-timeout", "20m", "200", "4"),
    ] as [(String, String, String, String, String?)])
  func refused(path: String, name: String, value: String, http: String, grpc: String?) async throws {
    try await withServer { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let response = try await client.call(path, Self.hello, headers: [(name, value)])
      #expect(response.blocks.count == 1, "trailers only")
      #expect(response.blocks[0].first(name: ":status") == http)
      #expect(response.status == grpc)
      if grpc == "12", path != "/test.Echo/Unary" { #expect(response.message == "unknown method \(path)") }
      if name == "grpc-encoding" {
        #expect(response.blocks[0].first(name: "grpc-accept-encoding") == "identity,gzip")
      }
    }
  }

  @Test(
    "broken requests get the status of gRPC's table",
    arguments: [
      (ByteBuffer(), "12"), (Self.twice, "12"), (ByteBuffer(bytes: [0, 0, 0]), "13"),
      (HTTP2Client.message([1], flag: 1), "13"), (HTTP2Client.message([1], flag: 7), "13"),
      (ByteBuffer(bytes: [0, 0xFF, 0xFF, 0xFF, 0xFF]), "8"),
    ])
  func broken(request: ByteBuffer, status: String) async throws {
    try await withServer { _, address in
      let client = try await HTTP2Client.connect(to: address)
      #expect(try await client.call("/test.Echo/Unary", request).status == status)
      // The connection goes on.
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
    }
  }

  private static var twice: ByteBuffer {
    var buffer = hello
    buffer.writeImmutableBuffer(hello)
    return buffer
  }

  @Test("an answer before the end of the request is followed by RST_STREAM with NO_ERROR")
  func earlyAnswer() async throws {
    try await withServer { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Nothing"))
      let response = try await stream.end()
      #expect(response.status == "12")
      #expect(response.resetCode == .noError)
    }
  }

  @Test("a message cut into single bytes is put together")
  func splitFrames() async throws {
    try await withServer { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Unary"))
      for byte in Self.hello.readableBytesView { try await stream.send(ByteBuffer(bytes: [byte])) }
      try await stream.send(ByteBuffer(), endStream: true)
      #expect(try await stream.end().body == Self.hello)
    }
  }

  @Test("a reset and a lost connection both reach the handler")
  func cancellation() async throws {
    let echo = EchoService()
    try await withServer(echo: echo) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Hang"))
      try await stream.send(Self.hello, endStream: true)
      try await stream.reset()
      #expect(try await eventually { echo.cancellations == ["clientReset(code: 8)"] })
      let other = try await client.open(HTTP2Client.headers("/test.Echo/Hang"))
      try await other.send(Self.hello, endStream: true)
      // An answered call after it shows that the server has read the hanging one.
      _ = try await client.call("/test.Echo/Unary", Self.hello)
      try await client.channel.close()
      #expect(try await eventually { echo.cancellations.last == "connectionLost" })
    }
  }

  @Test("the first interceptor that refuses decides")
  func interceptors() async throws {
    let interceptors: [RPCInterceptor] = [
      { $0.metadata.first("token") == nil ? RPCStatus(.unauthenticated, "no token") : nil },
      { _ in RPCStatus(.permissionDenied, "nobody may") },
    ]
    try await withServer(interceptors: interceptors) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "16")
      let response = try await client.call("/test.Echo/Unary", Self.hello, headers: [("token", "t")])
      #expect(response.status == "7")
      #expect(response.message == "nobody may")
    }
  }

  @Test("a handler that floods a client that does not read is stopped at the bound")
  func flood() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.maximumBufferedResponseBytes = 1 << 20
    let observer = CountingObserver()
    try await withServer(configuration, observer: observer) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Flood"), autoRead: false)
      try await stream.send(Self.hello, endStream: true)
      #expect(try await stream.end().resetCode == .enhanceYourCalm)
      #expect(observer.counts.sent < 3 << 20)
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
    }
  }

  @Test("a paused handler stops the client at the window, and resuming delivers all")
  func backPressure() async throws {
    try await withServer { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Bidi"), autoRead: false)
      let message = HTTP2Client.message([UInt8](repeating: 1, count: 64 << 10))
      let total = 100
      // The echo pauses once its answers are not read; then these writes wait in the client.
      let sent = Mutex(0)
      for index in 0..<total {
        let written = stream.channel.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenSuccess { sent.withLock { $0 += 1 } }
        let payload = HTTP2Frame.FramePayload.data(
          .init(data: .byteBuffer(message), endStream: index == total - 1))
        stream.channel.writeAndFlush(payload, promise: written)
      }
      // An answered call shows that the connection is not stuck, only the stream.
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
      #expect(sent.withLock { $0 } < total)
      try await stream.channel.setOption(ChannelOptions.autoRead, value: true).get()
      stream.channel.read()
      let response = try await stream.end()
      #expect(response.body.readableBytes == total * message.readableBytes)
      #expect(response.status == "0")
    }
  }

  @Test("a graceful shutdown lets calls in flight finish, and closes")
  func gracefulShutdown() async throws {
    try await withServer { server, address in
      let client = try await HTTP2Client.connect(to: address)
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Bidi"))
      try await stream.send(Self.hello)
      #expect(try await eventually { stream.response.value.body == Self.hello })
      server.beginGracefulShutdown()
      #expect(try await eventually { client.root.goAways.count == 2 })
      #expect(client.root.goAways.map(\.lastStreamID) == [.maxID, 1])
      try await stream.send(Self.hello, endStream: true)
      let response = try await stream.end()
      #expect(response.body == Self.twice)
      #expect(response.status == "0")
      try await client.channel.closeFuture.get()
      #expect(try await eventually { server.openConnections == 0 })
      // Nobody listens any more, unless a server of another test got the port meanwhile; it is not ours either way.
      let late = try? await HTTP2Client.connect(to: address)
      #expect(server.openConnections == 0)
      try await late?.channel.close()
    }
  }

  @Test("a call that crosses the GOAWAY of an idle connection is answered")
  func callCrossesGoAway() async throws {
    try await withServer { server, address in
      let client = try await HTTP2Client.connect(to: address)
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
      // Opened before the client has read the GOAWAY; whichever comes first at the server, the call must not fail.
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Unary"))
      server.beginGracefulShutdown()
      try await stream.send(Self.hello, endStream: true)
      #expect(try await stream.end().status == "0")
      try await client.channel.closeFuture.get()
    }
  }

  @Test("a frame that comes behind the last call of a draining connection is no error")
  func frameBehindTheLastCall() async throws {
    try await withServer { server, address in
      let client = try await HTTP2Client.connect(to: address)
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Bidi"))
      // Answered, so that the connection is accepted and the stream is before the GOAWAY.
      try await stream.send(Self.hello)
      #expect(try await eventually { stream.response.value.body == Self.hello })
      server.beginGracefulShutdown()
      #expect(try await eventually { client.root.goAways.count == 2 })
      // In one write, so that the server reads both.
      let end = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(Self.hello), endStream: true))
      let update = HTTP2Frame(streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: 1))
      try await client.channel.eventLoop.flatSubmit {
        stream.channel.write(end, promise: nil)
        client.channel.write(update, promise: nil)
        stream.channel.flush()
        return client.channel.writeAndFlush(update)
      }.get()
      #expect(try await stream.end().status == "0")
      try await client.channel.closeFuture.get()
      #expect(client.root.goAways.map(\.code) == [.noError, .noError])
    }
  }

  @Test("a stream behind the one that GOAWAY named is refused, those before it go on")
  func refusedStream() async throws {
    try await withServer { server, address in
      let client = try await HTTP2Client.connect(to: address, ignoresGoAways: true)
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Bidi"))
      // Answered, so that the connection is accepted and the stream is before the GOAWAY.
      try await stream.send(Self.hello)
      #expect(try await eventually { stream.response.value.body == Self.hello })
      server.beginGracefulShutdown()
      #expect(try await eventually { client.root.goAways.count == 2 })
      let late = try await client.open(HTTP2Client.headers("/test.Echo/Bidi"))
      #expect(try await late.end().resetCode == .refusedStream)
      try await stream.send(Self.hello, endStream: true)
      #expect(try await stream.end().status == "0")
    }
  }

  @Test("a drained connection closes when its client has taken the last answer, however slowly")
  func slowClientAndDrain() async throws {
    try await withServer { server, address in
      let size = 64 << 10
      let count = 160
      // The windows take it all: only the sockets' buffers hold the server back.
      let client = try await HTTP2Client.connect(to: address, windowBytes: 64 << 20)
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Stream"))
      try await client.channel.setOption(ChannelOptions.autoRead, value: false).get()
      try await stream.send(HTTP2Client.message(Array("\(count) \(size)".utf8)), endStream: true)
      server.beginGracefulShutdown()
      while client.channel.isActive {
        try await Task.sleep(for: .milliseconds(1))
        client.channel.read()
      }
      #expect(stream.response.value.body.readableBytes == count * (size + 5))
      #expect(stream.response.value.status == "0")
    }
  }

  @Test("a call that is open at the deadline of a shutdown ends with UNAVAILABLE")
  func shutdownDeadline() async throws {
    let echo = EchoService()
    try await withServer(echo: echo) { server, address in
      let client = try await HTTP2Client.connect(to: address)
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Hang"))
      try await stream.send(Self.hello, endStream: true)
      _ = try await client.call("/test.Echo/Unary", Self.hello)
      try await server.shutdown(deadline: .now() + .milliseconds(50))
      #expect(try await stream.end().status == "14")
      #expect(echo.cancellations == ["serverShuttingDown"])
    }
  }

  @Test("a client that pings too often is told so and cut off")
  func tooManyPings() async throws {
    try await withServer { _, address in
      let client = try await HTTP2Client.connect(to: address)
      for number in 0..<4 {
        let ping = HTTP2Frame(
          streamID: .rootStream, payload: .ping(HTTP2PingData(withInteger: UInt64(number)), ack: false))
        try? await client.channel.writeAndFlush(ping)
      }
      try await client.channel.closeFuture.get()
      #expect(client.root.goAways.first?.code == .enhanceYourCalm)
      #expect(client.root.goAways.first?.data == "too_many_pings")
    }
  }

  @Test("a quiet connection is pinged, and lives while it answers")
  func keepalive() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.keepalive.pingInterval = .milliseconds(20)
    try await withServer(configuration) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      #expect(try await eventually { client.root.pings >= 3 })
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
    }
  }

  @Test("a connection that shows no preface is closed")
  func handshakeTimeout() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.connection.handshakeTimeout = .milliseconds(100)
    try await withServer(configuration) { _, address in
      let silent = try await SilentClient.connect(to: address)
      try await silent.closeFuture.get()
    }
  }

  @Test("a client that answers no ping is closed")
  func deadPeer() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.keepalive.pingInterval = .milliseconds(20)
    configuration.keepalive.pingTimeout = .milliseconds(50)
    try await withServer(configuration) { _, address in
      let silent = try await SilentClient.connect(to: address)
      // The preface and empty SETTINGS (RFC 9113, 3.4), and nothing more.
      var preface = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
      preface.writeBytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
      try await silent.writeAndFlush(preface)
      try await silent.closeFuture.get()
    }
  }

  @Test("a connection of the maximum age is drained, be it before or in the handshake", arguments: [0, 200, 20_000])
  func maximumAge(microseconds: Int64) async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.connection.maximumAge = .microseconds(microseconds)
    try await withServer(configuration) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      try await client.channel.closeFuture.get()
      #expect(client.root.goAways.map(\.code) == [.noError, .noError])
    }
  }

  @Test("connections beyond the limit are closed, those within go on")
  func connectionLimit() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.maximumConnections = 1
    try await withServer(configuration) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
      let refused = try await SilentClient.connect(to: address)
      try await refused.closeFuture.get()
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
    }
  }

  @Test("of connections that have not said what they speak the oldest gives way; the server's end closes all")
  func waitingConnections() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.maximumWaitingConnections = 2
    let onAccept: @Sendable (RPCServer, any Channel) throws -> Void = { _ = try $0.beginWaiting($1) }
    try await withServer(configuration, onAccept: onAccept) { server, address in
      let first = try await SilentClient.connect(to: address)
      // Each has an event loop of its own: which of two that come together begins first is not said.
      #expect(try await eventually { server.waitingConnections == 1 })
      let second = try await SilentClient.connect(to: address)
      #expect(try await eventually { server.waitingConnections == 2 })
      let third = try await SilentClient.connect(to: address)
      try await first.closeFuture.get()
      #expect(second.isActive && third.isActive && server.waitingConnections == 2)
      try await second.close()
      #expect(try await eventually { server.waitingConnections == 1 })
      let fourth = try await SilentClient.connect(to: address)
      #expect(try await eventually { server.waitingConnections == 2 })
      #expect(third.isActive && fourth.isActive, "those that have gone by themselves do not count")
      #expect(server.openConnections == 0)
      try await server.shutdown(deadline: .now() + .seconds(30))
      #expect(server.waitingConnections == 0)
      try await third.closeFuture.get()
      try await fourth.closeFuture.get()
    }
  }

  @Test("a router takes each path once")
  func duplicateMethod() async {
    await #expect(processExitsWith: .failure) {
      _ = RPCRouter([.unary("/a/b") { _, _ in }, .unary("/a/b") { _, _ in }])
    }
  }
}
