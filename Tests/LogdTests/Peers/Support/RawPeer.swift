import NIOCore
import NIOPosix
import Synchronization
import TestSupport

@testable import Logd
@testable import Raft

/// A connection whose bytes a test makes by hand.
struct RawPeer: Sendable {
  let channel: any Channel
  let received: Received

  final class Received: Sendable {
    private let state = Mutex<(bytes: ByteBuffer, isClosed: Bool)>((ByteBuffer(), false))
    var bytes: ByteBuffer { state.withLock { $0.bytes } }
    var isClosed: Bool { state.withLock { $0.isClosed } }
    func append(_ bytes: ByteBuffer) { state.withLock { _ = $0.bytes.writeImmutableBuffer(bytes) } }
    func close() { state.withLock { $0.isClosed = true } }
  }

  fileprivate final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let received: Received
    init(_ received: Received) { self.received = received }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) { received.append(unwrapInboundIn(data)) }
    func channelInactive(context: ChannelHandlerContext) { received.close() }
    // The other side may reset the connection: that is a close as well.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }

  static func connect(to node: PeerNode) async throws -> RawPeer {
    let received = Received()
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(received)) }
      }
      .connect(host: "127.0.0.1", port: node.port).get()
    return RawPeer(channel: channel, received: received)
  }

  func write(_ bytes: ByteBuffer) async throws { try await channel.writeAndFlush(bytes) }

  func greet(_ hello: Hello) async throws {
    var bytes = ByteBuffer(bytes: [0x01])
    bytes.writeImmutableBuffer(HelloCodec.encode(hello))
    try await write(bytes)
  }

  /// Waits for the answer to a hello.
  func answer() async throws -> HelloAnswer {
    try await eventually("an answer") {
      var bytes = received.bytes
      guard case .known(let answer) = try HelloCodec.decodeAnswer(&bytes) else { return nil }
      return answer
    }
  }

  func closed() async throws { try await eventually("the connection is closed") { received.isClosed ? true : nil } }
}

/// A peer that welcomes everybody, and reads what comes on the control lane only.
struct DeafPeer: Sendable {
  let listener: any Channel
  let heard: Heard
  let peer: Peer

  final class Heard: Sendable {
    private let messages = Mutex<[Message]>([])
    private let data = Mutex<[any Channel]>([])
    var control: [Message] { messages.withLock { $0 } }
    var dataConnections: [any Channel] { data.withLock { $0 } }
    func append(_ message: Message) { messages.withLock { $0.append(message) } }
    func opened(_ channel: any Channel) { data.withLock { $0.append(channel) } }
  }

  private final class Handler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let heard: Heard
    private var bytes = ByteBuffer()
    private var hello: Hello?

    init(_ heard: Heard) { self.heard = heard }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      bytes.writeImmutableBuffer(unwrapInboundIn(data))
      do {
        if hello == nil { try greet(context) }
        guard hello?.lane == .control else { return }
        while let message = try MessageCodec(maximumFrameBytes: 1 << 20).decode(&bytes) { heard.append(message) }
      } catch {
        context.close(promise: nil)
      }
    }

    private func greet(_ context: ChannelHandlerContext) throws {
      guard bytes.readableBytes > 1 else { return }
      var rest = bytes
      rest.moveReaderIndex(forwardBy: 1)
      guard case .known(let hello) = try HelloCodec.decodeHello(&rest) else { return }
      bytes = rest
      self.hello = hello
      let answer = HelloAnswer(refusal: nil, clusterID: hello.clusterID, peer: hello.receiver)
      context.writeAndFlush(wrapOutboundOut(HelloCodec.encode(answer)), promise: nil)
      guard hello.lane == .data else { return }
      try context.channel.syncOptions?.setOption(.autoRead, value: false)
      heard.opened(context.channel)
    }
  }

  static func start(_ peer: Peer, on group: any EventLoopGroup) async throws -> DeafPeer {
    let heard = Heard()
    let listener = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Handler(heard)) }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return DeafPeer(listener: listener, heard: heard, peer: peer)
  }

  var member: Member {
    Member(peer: peer, address: "127.0.0.1:\(listener.localAddress?.port ?? 0)", role: .voter)
  }
}
