import NIOCore
import NIOHTTP2

extension RPCServer {
  /// NIO's own limits are counts in windows of time, and each event that one may count takes eight bytes of every
  /// connection from its beginning. `AbuseGuard` sees the frames first and counts in a few words; a window of nothing
  /// leaves it the decision.
  private static let uncounted = (count: 16, window: TimeAmount.nanoseconds(0))
  /// Empty DATA frames that NIO takes between two that begin or end a request. One is its default, and not enough for
  /// a long stream of a client that flushes.
  private static let maximumSequentialEmptyDataFrames = 100

  /// Without a multiplexer: `connection` takes the frames of every stream.
  func makeHTTP2Handler(for connection: RPCConnectionHandler) -> NIOHTTP2Handler {
    let configuration = connection.environment.configuration
    return NIOHTTP2Handler(
      mode: .server, frameDelegate: connection,
      connectionConfiguration: Self.connectionConfiguration(configuration),
      streamConfiguration: Self.streamConfiguration(configuration))
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
    connection.headerBlockValidation = .disabled  // `HeaderBlock` does it.
    connection.maximumSequentialEmptyDataFrames = maximumSequentialEmptyDataFrames
    // Frames that cross our RST_STREAM are no errors; as many streams may have been reset at once.
    connection.maximumRecentlyResetStreams = configuration.maximumConcurrentStreams
    connection.maximumConnectionGlitches = .max
    connection.controlFrameRateLimit.maximumCount = uncounted.count
    connection.controlFrameRateLimit.windowLength = uncounted.window
    return connection
  }

  private static func streamConfiguration(_ configuration: Configuration) -> NIOHTTP2Handler.StreamConfiguration {
    var stream = NIOHTTP2Handler.StreamConfiguration()
    stream.streamResetFrameRateLimit.maximumCount = uncounted.count
    stream.streamResetFrameRateLimit.windowLength = uncounted.window
    stream.streamErrorRateLimit.maximumCount = uncounted.count
    stream.streamErrorRateLimit.windowLength = uncounted.window
    return stream
  }
}
