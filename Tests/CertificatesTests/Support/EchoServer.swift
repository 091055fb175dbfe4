import Certificates
import NIOCore
import NIOPosix
import NIOSSL

/// A TLS server on loopback that sends back what it gets, as long as the peer has the certificate that it wants.
final class EchoServer: Sendable {
  let port: Int
  /// Who was let in, and who was not.
  let admitted = Recorder<CertificateIdentity>()
  let failures = Recorder<HandshakeFailure>()
  /// How many certificates each chain has that a handler sees as verified; nil for a session that was resumed.
  let chains = Recorder<Int?>()
  private let channel: any Channel

  static func with<Result>(
    for caller: TLSContexts.Caller, timeout: TimeAmount = .seconds(60),
    contexts: @autoclosure @escaping @Sendable () -> TLSContexts, _ body: (EchoServer) async throws -> Result
  ) async throws -> Result {
    let server = try await EchoServer(for: caller, timeout: timeout, contexts: contexts)
    do {
      let result = try await body(server)
      try await server.channel.close()
      return result
    } catch {
      try await server.channel.close()
      throw error
    }
  }

  private init(
    for caller: TLSContexts.Caller, timeout: TimeAmount, contexts: @escaping @Sendable () -> TLSContexts
  ) async throws {
    let (admitted, failures, chains) = (admitted, failures, chains)
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try contexts().addServerHandlers(to: pipeline, for: caller, timeout: timeout)
          try pipeline.addHandler(EchoHandler(admitted, failures, chains))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    port = channel.localAddress?.port ?? 0
  }
}

/// Sends back what it gets.
private final class EchoHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let admitted: Recorder<CertificateIdentity>
  private let failures: Recorder<HandshakeFailure>
  private let chains: Recorder<Int?>
  private var isAdmitted = false

  init(
    _ admitted: Recorder<CertificateIdentity>, _ failures: Recorder<HandshakeFailure>, _ chains: Recorder<Int?>
  ) {
    self.admitted = admitted
    self.failures = failures
    self.chains = chains
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let admission = try? context.pipeline.syncOperations.handler(type: PeerAdmissionHandler.self)
    guard let identity = admission?.identity else { fatalError("bytes of nobody") }
    if !isAdmitted {
      isAdmitted = true
      let chain = (try? context.pipeline.syncOperations.nioSSL_peerValidatedCertificateChain()) ?? nil
      chains.append(chain?.count)
      admitted.append(identity)
    }
    context.writeAndFlush(data, promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if let failure = error as? HandshakeFailure { failures.append(failure) }
    context.close(promise: nil)
  }
}
