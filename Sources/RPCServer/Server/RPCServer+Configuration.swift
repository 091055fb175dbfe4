package import NIOCore

extension RPCServer {
  /// The limits of a server. Every value has a default that suits a server on a network of strangers.
  package struct Configuration: Sendable {
    package static let defaults = Configuration()

    /// Where to listen. Port 0 lets the system choose; `start` returns what it chose.
    package struct ListenAddress: Equatable, Sendable {
      package var host: String
      package var port: Int

      package init(host: String, port: Int) {
        self.host = host
        self.port = port
      }
    }

    package struct Keepalive: Sendable {
      /// A PING is sent after this long without a byte from the client; `nil` sends none.
      package var pingInterval: TimeAmount? = .seconds(60)
      /// The connection is closed this long after an unanswered PING.
      package var pingTimeout: TimeAmount = .seconds(20)
      /// Clients that ping more often than this, while nothing is sent to them, get GOAWAY with ENHANCE_YOUR_CALM.
      package var minimumClientPingInterval: TimeAmount = .seconds(10)
      /// Whether clients may ping while they have no call open.
      package var permitsClientPingsWithoutCalls = true
    }

    package struct Connection: Sendable {
      /// HTTP/2's preface and settings must be here within this time.
      package var handshakeTimeout: TimeAmount = .seconds(10)
      /// Connections are drained after this age, give or take a tenth, so that clients look for servers again; `nil`
      /// for never.
      package var maximumAge: TimeAmount?
      /// How long the calls of a connection that is too old may go on.
      package var maximumAgeGrace: TimeAmount = .seconds(60)
      /// A connection without calls is drained after this time, or up to twice as much; `nil` for never.
      package var maximumIdleTime: TimeAmount? = .minutes(15)
      /// A frame other than DATA, and a block of headers, must be whole this long after its first byte, or at most twice
      /// as long.
      package var frameTimeout: TimeAmount = .seconds(10)
      /// A message must be whole this long after its first byte, while its handler reads; looked at four times in this
      /// time.
      package var messageTimeout: TimeAmount = .seconds(60)
      /// What frames without work, cancellations and errors a client may send before it is cut off.
      package var abuse = AbuseBudget.Limits()
    }

    package var listenAddresses = [ListenAddress(host: "127.0.0.1", port: 0)]

    /// Open connections; those beyond are closed as they are accepted.
    package var maximumConnections = 10_000

    /// Accepted connections that have not said yet whether they speak gRPC; for those beyond the oldest are closed.
    package var maximumWaitingConnections = 10_000

    /// Open calls on one connection (SETTINGS_MAX_CONCURRENT_STREAMS).
    package var maximumConcurrentStreams = 256

    /// HTTP/2's receive window of a stream, in bytes: what a client may send ahead of a paused handler.
    package var initialStreamWindowBytes = 1 << 20

    /// HTTP/2's receive window of a connection, in bytes.
    package var initialConnectionWindowBytes = 4 << 20

    /// The largest frame taken, in bytes (SETTINGS_MAX_FRAME_SIZE).
    package var maximumFrameBytes = 64 << 10

    /// The largest block of request metadata, in bytes by HPACK's count (SETTINGS_MAX_HEADER_LIST_SIZE).
    package var maximumHeaderListBytes = 16 << 10

    /// The largest message taken, in bytes, after decompression too.
    package var maximumReceiveMessageBytes = 4 << 20

    /// What all calls of a connection may hold of messages that have begun and not ended, in bytes; at least one message
    /// of the largest size is let through. The call that goes beyond is stopped.
    package var maximumPartialMessageBytes = 32 << 20

    /// A call is not writable while more than this many bytes of it wait for the client.
    package var responseHighWatermarkBytes = 256 << 10

    /// A call is stopped once this many bytes were sent, beyond the high watermark, to a client that does not keep up.
    package var maximumBufferedResponseBytes = 4 << 20

    /// The same for all calls of a connection together: the call that goes beyond is stopped.
    package var maximumBufferedResponseBytesPerConnection = 64 << 20

    /// Answers to requests that came in gzip are compressed from this size on, in bytes; `nil` compresses none.
    package var minimumBytesToCompress: Int? = 1024

    package var keepalive = Keepalive()
    package var connection = Connection()

    package init() {}
  }
}
