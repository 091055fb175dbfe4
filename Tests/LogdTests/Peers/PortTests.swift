import GRPCCore
import GRPCNIOTransportHTTP2Posix
import NIOCore
import NIOPosix
import ProgLogAPI
import RPCServer
import TestSupport
import Testing

@testable import Logd

@Suite("One port for peers and gRPC", .timeLimit(.minutes(5)))
struct PortTests {
  private func withNode(
    firstByteTimeout: TimeAmount = .seconds(60), greetingTimeout: TimeAmount = .seconds(60), waiting: Int = 10_000,
    _ body: (PeerNode) async throws -> Void
  ) async throws {
    try await withLoop { group in
      var configuration = PeerNode.defaults
      configuration.greetingTimeout = greetingTimeout
      let node = try await PeerNode.start(
        PeerSamples.peer("b"), on: group, configuration: configuration, firstByteTimeout: firstByteTimeout,
        waiting: waiting)
      try await body(node)
      try await node.stop()
    }
  }

  /// A call of gRPC's health service.
  private func check(_ node: PeerNode) async throws {
    let transport = try HTTP2ClientTransport.Posix(
      target: .ipv4(address: "127.0.0.1", port: node.port), transportSecurity: .plaintext)
    try await withGRPCClient(transport: transport) { client in
      let health = Grpc_Health_V1_Health.Client(wrapping: client)
      var options = CallOptions.defaults
      options.waitForReady = true
      let status = try await health.check(.init(), options: options) { try $0.message.status }
      #expect(status == .serving)
    }
  }

  @Test("gRPC and a peer share the port")
  func shared() async throws {
    try await withNode { node in
      try await check(node)
      let peer = try await RawPeer.connect(to: node)
      try await peer.greet(PeerSamples.hello(to: node.peer))
      #expect(try await peer.answer().refusal == nil)
      try await check(node)
      #expect(node.server.waitingConnections == 0)
    }
  }

  @Test("a client whose preface comes byte by byte is served")
  func slowPreface() async throws {
    try await withNode { node in
      let raw = try await RawPeer.connect(to: node)
      for byte in "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8 { try await raw.write(ByteBuffer(bytes: [byte])) }
      // An empty SETTINGS frame; the server's own comes back, and its acknowledgement.
      try await raw.write(ByteBuffer(bytes: [0, 0, 0, 4, 0, 0, 0, 0, 0]))
      try await eventually("SETTINGS and their acknowledgement") {
        raw.received.bytes.readableBytesView.suffix(9).elementsEqual([0, 0, 0, 4, 1, 0, 0, 0, 0]) ? true : nil
      }
    }
  }

  @Test("who says nothing is closed at the deadline, and others go on")
  func silence() async throws {
    // Those who do say something get to it in this time, on a busy machine too.
    try await withNode(firstByteTimeout: .seconds(5)) { node in
      let silent = try await RawPeer.connect(to: node)
      let peer = try await RawPeer.connect(to: node)
      try await peer.greet(PeerSamples.hello(to: node.peer))
      try await check(node)
      try await silent.closed()
      #expect(try await peer.answer().refusal == nil)
      #expect(!peer.received.isClosed)
      try await check(node)
      #expect(node.server.waitingConnections == 0)
    }
  }

  @Test("who says that it is a peer, and then nothing, is closed at the deadline")
  func silentPeer() async throws {
    try await withNode(greetingTimeout: .milliseconds(300)) { node in
      let silent = try await RawPeer.connect(to: node)
      try await silent.write(ByteBuffer(bytes: [0x01]))
      try await silent.closed()
      #expect(silent.received.bytes.readableBytes == 0)
    }
  }

  @Test(
    "garbage and enormous lengths close the connection at once, before and after a hello",
    arguments: [
      ByteBuffer(repeating: 0xFF, count: 5_000), ByteBuffer(integer: UInt32.max, endianness: .little),
      ByteBuffer(bytes: [8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
    ])
  func garbage(bytes: ByteBuffer) async throws {
    try await withNode { node in
      let stranger = try await RawPeer.connect(to: node)
      var first = ByteBuffer(bytes: [0x01])
      first.writeImmutableBuffer(bytes)
      try await stranger.write(first)
      try await stranger.closed()
      #expect(stranger.received.bytes.readableBytes == 0)
      let peer = try await RawPeer.connect(to: node)
      try await peer.greet(PeerSamples.hello(to: node.peer, lane: .data))
      _ = try await peer.answer()
      try await peer.write(bytes)
      try await peer.closed()
      #expect(node.inbox.messages(from: PeerSamples.peer("a")).isEmpty)
      try await check(node)
    }
  }

  @Test("of connections that have said nothing the oldest gives way to one more, and all end with the server")
  func waiting() async throws {
    try await withNode(waiting: 2) { node in
      let first = try await RawPeer.connect(to: node)
      let second = try await RawPeer.connect(to: node)
      try await eventually("both wait") { node.server.waitingConnections == 2 ? true : nil }
      let third = try await RawPeer.connect(to: node)
      try await first.closed()
      #expect(!second.received.isClosed && !third.received.isClosed)
      try await second.channel.close()
      try await eventually("one waits") { node.server.waitingConnections == 1 ? true : nil }
      try await check(node)
      try await node.server.shutdown(deadline: .now() + .seconds(60))
      try await third.closed()
    }
  }
}
