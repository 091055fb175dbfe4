import HummingbirdCore
import Logging
import NIOCore

/// HTTP/1.1 behind TLS whose certificates may be replaced: each connection takes what is there when it comes.
struct SecuredHTTPChannel: ServerChildChannel {
  let base: HTTP1Channel
  let tls: NodeTLS

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
    channel.eventLoop.makeCompletedFuture { try tls.secureHTTPClient(channel) }
      .flatMap { base.setup(channel: channel, logger: logger) }
  }

  func handle(value: HTTP1Channel.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
