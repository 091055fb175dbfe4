import NIOCore
import NIOHTTP2

extension RPCServer {
  /// NIO's own limit on control frames is a count in a window and takes memory for each: small and short, it stops a
  /// flood, and leaves manners to `PingEnforcement`. Clients that measure bandwidth ping once a round trip.
  private static let controlFrameLimit = (count: 256, window: TimeAmount.milliseconds(10))

  func makeHTTP2Handler(for connection: RPCConnectionHandler, on eventLoop: any EventLoop) -> NIOHTTP2Handler {
    let configuration = connection.environment.configuration
    let boundConnection = NIOLoopBound(connection, eventLoop: eventLoop)
    return NIOHTTP2Handler(
      mode: .server, eventLoop: eventLoop, connectionConfiguration: Self.connectionConfiguration(configuration),
      streamConfiguration: Self.streamConfiguration(configuration)
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        try stream.pipeline.syncOperations.addHandler(RPCStreamHandler(connection: boundConnection.value))
      }
    }
  }

  private static func connectionConfiguration(
    _ configuration: Configuration
  ) -> NIOHTTP2Handler.ConnectionConfiguration {
    var connection = NIOHTTP2Handler.ConnectionConfiguration()
    connection.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: configuration.maximumConcurrentStreams),
      HTTP2Setting(parameter: .initialWindowSize, value: configuration.initialStreamWindowBytes),
      HTTP2Setting(parameter: .maxFrameSize, value: configuration.maximumFrameBytes),
      HTTP2Setting(parameter: .maxHeaderListSize, value: configuration.maximumHeaderListBytes),
    ]
    connection.targetWindowSize = configuration.initialConnectionWindowBytes
    connection.controlFrameRateLimit.maximumCount = controlFrameLimit.count
    connection.controlFrameRateLimit.windowLength = controlFrameLimit.window
    return connection
  }

  private static func streamConfiguration(_ configuration: Configuration) -> NIOHTTP2Handler.StreamConfiguration {
    var stream = NIOHTTP2Handler.StreamConfiguration()
    stream.targetWindowSize = configuration.initialStreamWindowBytes
    stream.outboundBufferSizeHighWatermark = configuration.responseHighWatermarkBytes
    stream.outboundBufferSizeLowWatermark = configuration.responseHighWatermarkBytes / 2
    stream.streamResetFrameRateLimit.maximumCount = configuration.connection.maximumStreamResets
    stream.streamResetFrameRateLimit.windowLength = configuration.connection.maximumStreamResetsWindow
    return stream
  }
}
