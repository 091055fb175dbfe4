import NIOCore
import NIOHTTP2
import Synchronization
import Testing

@testable import RPCServer

@Suite("Limits of time and memory", .timeLimit(.minutes(1)))
struct LimitTests {
  private static let hello = HTTP2Client.message(Array("hello".utf8))

  @Test("a block of headers that does not end is cut off", arguments: [true, false])
  func unfinishedHeaders(inTheMiddleOfAFrame: Bool) async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.connection.frameTimeout = .milliseconds(100)
    try await withServer(configuration) { _, address in
      let other = try await HTTP2Client.connect(to: address)
      let client = try await RawConnection.connect(to: address)
      #expect(try await eventually { !client.received.frames.isEmpty })
      var frames = ByteBuffer()
      frames.writeFrame(.headers, stream: 1, RawConnection.headerBlock())
      if inTheMiddleOfAFrame { frames = frames.getSlice(at: 0, length: 20) ?? frames }
      try await client.channel.writeAndFlush(frames)
      try await client.channel.closeFuture.get()
      #expect(client.received.complaint == "frame_timeout")
      #expect(try await other.call("/test.Echo/Unary", Self.hello).status == "0")
    }
  }

  @Test("a message that drips ends with DEADLINE_EXCEEDED, and its connection goes on")
  func drippingMessage() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.connection.messageTimeout = .milliseconds(200)
    try await withServer(configuration) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Bidi"))
      // A whole message, and then a byte at a time.
      try await stream.send(Self.hello)
      try await stream.send(ByteBuffer(bytes: [0, 0, 0, 100, 0]))
      while stream.channel.isActive {
        try? await stream.send(ByteBuffer(bytes: [0]))
        try await Task.sleep(for: .milliseconds(10))
      }
      let response = try await stream.end()
      #expect(response.body == Self.hello)
      #expect(response.status == "4")
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
    }
  }

  @Test("a stream may be quiet between messages for as long as it likes")
  func quietStream() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.connection.messageTimeout = .milliseconds(40)
    try await withServer(configuration) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let stream = try await client.open(HTTP2Client.headers("/test.Echo/Bidi"))
      try await stream.send(Self.hello)
      _ = try await client.call("/test.Echo/Pause", HTTP2Client.message(Array("200".utf8)))
      try await stream.send(Self.hello, endStream: true)
      #expect(try await stream.end().status == "0")
    }
  }

  @Test("the unfinished messages of a connection are bounded together")
  func partialMessages() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.maximumReceiveMessageBytes = 100_000
    configuration.maximumPartialMessageBytes = 250_000
    try await withServer(configuration) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let whole = HTTP2Client.message([UInt8](repeating: 1, count: 90_000))
      let most = try #require(whole.getSlice(at: 0, length: 80_000))
      let end = try #require(whole.getSlice(at: 80_000, length: whole.readableBytes - 80_000))
      var streams: [HTTP2TestStream] = []
      for _ in 0..<3 {
        streams.append(try await client.open(HTTP2Client.headers("/test.Echo/Unary")))
        try await streams.last?.send(most)
      }
      let refused = try await client.open(HTTP2Client.headers("/test.Echo/Unary"))
      try? await refused.send(most)
      #expect(try await refused.end().status == "8")
      for stream in streams {
        try await stream.send(end, endStream: true)
        #expect(try await stream.end().status == "0")
      }
      // All of it was given back.
      for _ in 0..<10 { #expect(try await client.call("/test.Echo/Unary", whole).status == "0") }
    }
  }

  @Test("answers that a client does not take are bounded for all its calls together")
  func bufferedAnswers() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.maximumBufferedResponseBytesPerConnection = 1 << 20
    try await withServer(configuration) { _, address in
      let client = try await HTTP2Client.connect(to: address)
      let message = HTTP2Client.message([UInt8](repeating: 1, count: 600_000))
      var streams: [HTTP2TestStream] = []
      for _ in 0..<4 {
        let stream = try await client.open(HTTP2Client.headers("/test.Echo/Unary"), autoRead: false)
        try await stream.send(message, endStream: true)
        streams.append(stream)
      }
      // Two answers fit, the third is the one that goes beyond and may, the fourth is stopped.
      #expect(try await streams[3].end().resetCode == .enhanceYourCalm)
      for stream in streams.prefix(2) {
        try await stream.channel.setOption(ChannelOptions.autoRead, value: true).get()
        stream.channel.read()
        #expect(try await stream.end().status == "0")
      }
    }
  }

  @Test("a connection without calls is drained, one with a call is not")
  func idle() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.connection.maximumIdleTime = .seconds(5)
    try await withServer(configuration) { _, address in
      let busy = try await HTTP2Client.connect(to: address)
      let stream = try await busy.open(HTTP2Client.headers("/test.Echo/Bidi"))
      try await stream.send(Self.hello)
      let idle = try await HTTP2Client.connect(to: address)
      #expect(try await idle.call("/test.Echo/Unary", Self.hello).status == "0")
      try await idle.channel.closeFuture.get()
      #expect(idle.root.goAways.map(\.code) == [.noError, .noError])
      try await stream.send(Self.hello, endStream: true)
      #expect(try await stream.end().status == "0")
      try await busy.channel.closeFuture.get()
    }
  }

  @Test("many connections that say nothing take no calls from others", arguments: [200])
  func silentConnections(count: Int) async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.connection.handshakeTimeout = .milliseconds(300)
    try await withServer(configuration) { server, address in
      var silent: [any Channel] = []
      for _ in 0..<count { silent.append(try await SilentClient.connect(to: address)) }
      let client = try await HTTP2Client.connect(to: address)
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
      for channel in silent { try await channel.closeFuture.get() }
      #expect(try await eventually { server.openConnections == 1 })
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
    }
  }
}
