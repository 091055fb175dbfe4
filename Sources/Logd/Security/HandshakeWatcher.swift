import Certificates
import NIOCore
import NIOTLS

/// Behind TLS: counts a handshake that failed, and tells of it. It is gone once the handshake is through.
final class HandshakeWatcher: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let port: HandshakeReports.Port
  private let reports: HandshakeReports

  init(port: HandshakeReports.Port, reports: HandshakeReports) {
    self.port = port
    self.reports = reports
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case TLSUserEvent.handshakeCompleted = event {
      context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let failure = error as? HandshakeFailure else { return context.fireErrorCaught(error) }
    reports.failed(failure, port, context.channel.remoteAddress)
    context.fireErrorCaught(error)
    context.close(promise: nil)
  }
}
