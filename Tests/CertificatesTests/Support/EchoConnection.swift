import Certificates
import NIOCore
import NIOPosix

/// A TLS connection to an ``EchoServer``.
final class EchoConnection: Sendable {
  private let channel: any Channel
  private let handler: NIOLoopBound<AnswerHandler>

  /// Connects, and shakes hands with the first exchange.
  init(
    to port: Int, _ contexts: TLSContexts, serverName: String = "localhost",
    requiring profile: CertificateProfile = .server
  ) async throws {
    let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    (channel, handler) = try await bootstrap.connect(host: "127.0.0.1", port: port) { channel in
      channel.eventLoop.makeCompletedFuture {
        let pipeline = channel.pipeline.syncOperations
        try contexts.addClientHandlers(
          to: pipeline, serverName: serverName, requiring: profile, timeout: .seconds(60))
        let handler = AnswerHandler(channel.eventLoop)
        try pipeline.addHandler(handler)
        return (channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
      }
    }
  }

  /// Sends a text, and waits until it has come back.
  ///
  /// - Throws: ``HandshakeFailure``.
  func exchange(_ text: String) async throws {
    let handler = handler
    let answer = try await channel.eventLoop.flatSubmit { handler.value.ask(text) }.get()
    guard answer == text else { throw HandshakeFailure.other("'\(answer)' came back, not '\(text)'") }
  }

  func close() async throws {
    // The other end may have been faster.
    do { try await channel.close() } catch ChannelError.alreadyClosed {}
  }

  /// Connects, exchanges one text and closes.
  ///
  /// - Returns: why that was impossible.
  static func attempt(
    to port: Int, _ contexts: TLSContexts, serverName: String = "localhost",
    requiring profile: CertificateProfile = .server
  ) async throws -> HandshakeFailure? {
    let connection = try await EchoConnection(to: port, contexts, serverName: serverName, requiring: profile)
    do {
      try await connection.exchange("hello")
      try await connection.close()
      return nil
    } catch let failure as HandshakeFailure {
      try await connection.close()
      return failure
    }
  }
}

/// One question at a time.
private final class AnswerHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let eventLoop: any EventLoop
  private var context: ChannelHandlerContext?
  private var failure: (any Error)?
  private var question = ""
  private var answer = ""
  private var promise: EventLoopPromise<String>?

  init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func ask(_ text: String) -> EventLoopFuture<String> {
    let promise = eventLoop.makePromise(of: String.self)
    guard let context, failure == nil else {
      promise.fail(failure ?? HandshakeFailure.closed)
      return promise.futureResult
    }
    (question, answer, self.promise) = (text, "", promise)
    // NIOSSL keeps it until the handshake is over.
    context.writeAndFlush(NIOAny(context.channel.allocator.buffer(string: text)), promise: nil)
    return promise.futureResult
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    answer += String(buffer: unwrapInboundIn(data))
    guard answer.utf8.count >= question.utf8.count else { return }
    promise?.succeed(answer)
    promise = nil
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    fail(error)
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    fail(HandshakeFailure.closed)
    self.context = nil
  }

  private func fail(_ error: any Error) {
    if failure == nil { failure = error as? HandshakeFailure ?? .other("\(error)") }
    promise?.fail(failure ?? error)
    promise = nil
  }
}
