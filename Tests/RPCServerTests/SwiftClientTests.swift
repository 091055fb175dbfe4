import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import Synchronization
import Testing

@testable import RPCServer

/// grpc-swift 2 as the client. It stands on swift-nio-http2 as the server does, but on no line of RPCServer.
@Suite("Interoperation with grpc-swift 2", .serialized, .timeLimit(.minutes(1)))
struct SwiftClientTests {
  typealias Client = GRPCClient<HTTP2ClientTransport.Posix>

  private struct BytesSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes { Bytes(message) }
  }

  private struct BytesDeserializer: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> [UInt8] {
      bytes.withUnsafeBytes { Array($0) }
    }
  }

  private static func method(_ name: String) -> MethodDescriptor {
    MethodDescriptor(fullyQualifiedService: "test.Echo", method: name)
  }

  private static func options(timeout: Duration = .seconds(30), gzip: Bool = false) -> CallOptions {
    var options = CallOptions.defaults
    options.timeout = timeout
    options.waitForReady = true
    options.maxResponseMessageBytes = 16 << 20
    if gzip { options.compression = .gzip }
    return options
  }

  private static func withClient(
    of addresses: [NIOCore.SocketAddress], keepalive: HTTP2ClientTransport.Config.Keepalive? = nil,
    _ body: (Client) async throws -> Void
  ) async throws {
    let transport = try HTTP2ClientTransport.Posix(
      target: .ipv4(pairs: addresses.map { ("127.0.0.1", $0.port ?? 0) }), transportSecurity: .plaintext,
      config: .defaults { config in
        config.compression.enabledAlgorithms = .all
        config.connection.keepalive = keepalive
      },
      // Its other policy keeps to the first address for good.
      serviceConfig: ServiceConfig(loadBalancingConfig: [.roundRobin]))
    try await withGRPCClient(transport: transport) { try await body($0) }
  }

  private static func unary(
    _ client: Client, _ name: String, _ message: [UInt8] = [], metadata: Metadata = [:],
    options: CallOptions = options()
  ) async throws -> ClientResponse<[UInt8]> {
    try await client.unary(
      request: ClientRequest(message: message, metadata: metadata), descriptor: method(name),
      serializer: BytesSerializer(), deserializer: BytesDeserializer(), options: options
    ) { $0 }
  }

  /// The message that Unary or another method answers with.
  private static func message(
    _ client: Client, _ name: String, _ message: [UInt8] = [], options: CallOptions = options()
  ) async throws -> [UInt8] {
    try await unary(client, name, message, options: options).message
  }

  /// Sends `messages` to Bidi and returns what comes back.
  private static func exchange(
    _ client: Client, _ messages: [[UInt8]], options: CallOptions = options()
  ) async throws -> [[UInt8]] {
    let request = StreamingClientRequest<[UInt8]> { try await $0.write(contentsOf: messages) }
    return try await client.bidirectionalStreaming(
      request: request, descriptor: method("Bidi"), serializer: BytesSerializer(), deserializer: BytesDeserializer(),
      options: options
    ) { response in
      try await response.messages.reduce(into: []) { $0.append($1) }
    }
  }

  private static func error(_ response: ClientResponse<[UInt8]>) throws -> RPCError {
    try #require(throws: RPCError.self) { try response.message }
  }

  @Test("unary calls echo, also of empty and of split messages, plain and in gzip", arguments: [false, true])
  func unary(gzip: Bool) async throws {
    try await withServer { _, address in
      try await Self.withClient(of: [address]) { client in
        for size in [0, 1, 5000, 2 << 20] {
          let message = [UInt8](repeating: 7, count: size)
          let echoed = try await Self.message(client, "Unary", message, options: Self.options(gzip: gzip))
          #expect(echoed == message)
        }
      }
    }
  }

  @Test("streams echo in order", arguments: [false, true])
  func bidirectional(gzip: Bool) async throws {
    try await withServer { _, address in
      try await Self.withClient(of: [address]) { client in
        let messages = (0..<500).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 7 * $0) }
        let echoed = try await Self.exchange(client, messages, options: Self.options(gzip: gzip))
        #expect(echoed == messages)
      }
    }
  }

  @Test("a deadline ends the call at both ends")
  func deadline() async throws {
    let echo = EchoService()
    try await withServer(echo: echo) { _, address in
      try await Self.withClient(of: [address]) { client in
        // Connected before, so that the call gets to the server in its time.
        _ = try await Self.unary(client, "Unary")
        let error = await #expect(throws: RPCError.self) {
          try await Self.message(client, "Hang", options: Self.options(timeout: .milliseconds(200)))
        }
        #expect(error?.code == .deadlineExceeded)
        #expect(try await eventually { echo.cancellations.count == 1 })
      }
    }
  }

  @Test("a cancelled task cancels the call at the server")
  func cancellation() async throws {
    let echo = EchoService()
    let observer = CountingObserver()
    try await withServer(observer: observer, echo: echo) { _, address in
      try await Self.withClient(of: [address]) { client in
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { _ = try? await Self.unary(client, "Hang") }
          #expect(try await eventually { observer.counts.started == 1 })
          group.cancelAll()
          try await group.waitForAll()
        }
        #expect(try await eventually { echo.cancellations.count == 1 })
      }
    }
  }

  @Test("metadata goes both ways, binary too")
  func metadata() async throws {
    try await withServer { _, address in
      try await Self.withClient(of: [address]) { client in
        var metadata = Metadata()
        metadata.addBinary(Array(0...255), forKey: "x-data-bin")
        metadata.addString("t e x t", forKey: "x-text")
        let response = try await Self.unary(client, "Unary", metadata: metadata)
        for received in [response.metadata, response.trailingMetadata] {
          #expect(Array(received[binaryValues: "x-data-bin"]) == [Array(0...255)])
          #expect(Array(received[stringValues: "x-text"]) == ["t e x t"])
        }
      }
    }
  }

  @Test("a status comes alone, with its message and its details")
  func statusDetails() async throws {
    try await withServer { _, address in
      try await Self.withClient(of: [address]) { client in
        let error = try Self.error(try await Self.unary(client, "Fail"))
        #expect(error.code == .outOfRange)
        #expect(error.message == "100% späť\n")
        let details = try #require(error.metadata[binaryValues: "grpc-status-details-bin"].first { _ in true })
        #expect(String(decoding: details, as: UTF8.self).contains("no such offset"))
      }
    }
  }

  @Test("an unknown method and a message that is too large have their codes, and the connection goes on")
  func refusals() async throws {
    try await withServer { _, address in
      try await Self.withClient(of: [address]) { client in
        let unknown = try Self.error(try await Self.unary(client, "Nothing"))
        #expect(unknown.code == .unimplemented)
        let large = [UInt8](repeating: 0, count: 5 << 20)
        for gzip in [false, true] {
          let response = try await Self.unary(client, "Unary", large, options: Self.options(gzip: gzip))
          let error = try Self.error(response)
          #expect(error.code == .resourceExhausted)
        }
        let echoed = try await Self.message(client, "Unary", [1])
        #expect(echoed == [1])
      }
    }
  }

  @Test("pings go both ways while nothing else is sent")
  func keepalive() async throws {
    var configuration = RPCServer.Configuration.defaults
    configuration.keepalive.pingInterval = .milliseconds(20)
    // On a busy machine several may come at once, before the call and after it too.
    configuration.keepalive.minimumClientPingInterval = .nanoseconds(0)
    configuration.keepalive.permitsClientPingsWithoutCalls = true
    try await withServer(configuration) { _, address in
      let keepalive = HTTP2ClientTransport.Config.Keepalive(
        time: .milliseconds(50), timeout: .seconds(10), allowWithoutCalls: true)
      try await Self.withClient(of: [address], keepalive: keepalive) { client in
        let answer = try await Self.message(client, "Pause", Array("500".utf8))
        #expect(answer.isEmpty)
        let echoed = try await Self.message(client, "Unary", [1])
        #expect(echoed == [1])
      }
    }
  }

  @Test("no call fails when the server shuts down under load")
  func shutdown() async throws {
    try await InteropTests().shutdownUnderLoad { addresses in
      try await Self.withClient(of: addresses) { try await Self.load($0) }
    }
  }

  /// A call that is made again if the connection it was meant for drains: this client fails calls for which it has no
  /// connection for a moment, `waitForReady` or not, and calls that it opens behind the stream that GOAWAY named, which
  /// others make again by themselves (RFC 9113, 6.8). The server has not seen these: what it has seen must end with OK.
  private static func echo(_ client: Client, _ message: [UInt8]) async throws -> [UInt8] {
    while true {
      do {
        return try await Self.message(client, "Unary", message)
      } catch let error as RPCError
        where error.message.contains("no subchannel available") || error.message == "Stream unexpectedly closed."
      {
        await Task.yield()
      }
    }
  }

  private static func load(_ client: Client) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for caller in 0..<16 {
        group.addTask {
          for index in 0..<50 {
            let message = Array("\(caller) \(index)".utf8)
            let echoed = try await Self.echo(client, message)
            #expect(echoed == message)
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
