import Glibc
import NIOCore
import NIOPosix

/// UDP and TCP on one address and port.
struct GossipSockets: Sendable {
  private let datagrams: any Channel
  private let listener: any Channel
  let address: GossipAddress
  private let family: NIOBSDSocket.ProtocolFamily

  /// A port of the system's choice is free for TCP, and perhaps not for UDP.
  private static let maximumAttempts = 16
  /// The largest datagram: an agent of Serf may send events of 9 KiB.
  private static let receiveBytes = 65_536
  /// Packets of many members at once wait here while the loop is busy; the system may give less. memberlist asks for 2
  /// MiB.
  private static let receiveBufferBytes = 2 << 20
  private static let backlog: Int32 = 128

  static func bind(
    _ address: SocketAddress, eventLoop: any EventLoop, accept: @escaping @Sendable (any Channel) throws -> Void,
    attempt: Int = 1
  ) -> EventLoopFuture<Self> {
    let listener = ServerBootstrap(group: eventLoop)
      .serverChannelOption(.backlog, value: backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try accept(channel) } }
      .bind(to: address)
    return listener.flatMapErrorThrowing { throw GossipStartError.cannotBind("\(address)", "TCP", $0) }
      .flatMap { listener in
        bindDatagrams(beside: listener, eventLoop: eventLoop).flatMapError { error in
          listener.close(promise: nil)
          guard address.port == 0, attempt < maximumAttempts else { return eventLoop.makeFailedFuture(error) }
          return bind(address, eventLoop: eventLoop, accept: accept, attempt: attempt + 1)
        }
      }
  }

  private static func bindDatagrams(beside listener: any Channel, eventLoop: any EventLoop) -> EventLoopFuture<Self> {
    guard let local = listener.localAddress, let address = GossipAddress(local) else {
      let error = IOError(errnoCode: EADDRNOTAVAIL, reason: "the bound address is not known")
      return eventLoop.makeFailedFuture(GossipStartError.cannotBind("\(listener)", "TCP", error))
    }
    return DatagramBootstrap(group: eventLoop)
      .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: receiveBytes))
      .channelOption(.socketOption(.so_rcvbuf), value: receiveBufferBytes)
      .bind(to: local)
      .flatMapErrorThrowing { throw GossipStartError.cannotBind("\(local)", "UDP", $0) }
      .map { Self(datagrams: $0, listener: listener, address: address, family: local.protocol) }
  }

  func receive(with handler: some ChannelInboundHandler) throws {
    try datagrams.pipeline.syncOperations.addHandler(handler)
  }

  /// Straight to the socket: a channel closes when the system refuses a datagram, and an address that cannot be
  /// reached, or that somebody made up, would cut this node off.
  ///
  /// - Throws: `IOError`; EAGAIN where the socket's buffer is full.
  func send(_ packet: [UInt8], to receiver: GossipAddress) throws {
    let address = try receiver.socketAddress(for: family)
    let sent = try datagrams.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      descriptor in
      address.withSockAddr { address, size in
        packet.withUnsafeBytes {
          sendto(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT), address, socklen_t(size))
        }
      }
    }
    guard let sent else { throw ChannelError.operationUnsupported }
    guard sent >= 0 else { throw IOError(errnoCode: errno, reason: "sendto") }
  }

  func close() {
    datagrams.close(promise: nil)
    listener.close(promise: nil)
  }

  /// When the first is closed.
  func whenLost(_ body: @escaping () -> Void) {
    datagrams.closeFuture.assumeIsolated().whenComplete { _ in body() }
    listener.closeFuture.assumeIsolated().whenComplete { _ in body() }
  }

  var closed: EventLoopFuture<Void> { datagrams.closeFuture.and(listener.closeFuture).map { _ in } }
}

extension GossipStartError {
  static func cannotBind(_ address: String, _ protocolName: String, _ error: any Error) -> Self {
    .cannotBind(address: address, protocolName: protocolName, reason: "\(error)")
  }
}
