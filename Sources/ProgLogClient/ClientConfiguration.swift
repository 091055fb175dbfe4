/// How a ``ProgLogClient`` reaches its cluster.
public struct ClientConfiguration: Sendable {
  /// Servers to ask who the servers are. At least one; the name of a headless service stands for all its nodes.
  public var seeds: [NodeAddress]
  /// How connections are secured.
  public var security = ClientSecurity.plaintext
  /// The time for one call with all its attempts, and with waiting for a server that can do it; for a consumer, the time
  /// in which it has to be reading again after it lost its server.
  public var timeout: Duration = .seconds(10)
  /// The time for one attempt: a server that is silent for so long is given up, and another one asked, or the same one again.
  public var attemptTimeout: Duration = .seconds(3)
  /// How long to look for a first server when none can be reached; `nil`: for as long as the call may take.
  public var discoveryTimeout: Duration?
  /// How often to ask who the servers are while all goes well; when a call fails they are asked for at once.
  public var refreshInterval: Duration = .seconds(15)
  /// Pauses between the attempts of a call.
  public var backOff = BackOff.defaults
  /// Bytes of the largest message that is taken from a server: logd's largest record and its frame.
  public var maximumMessageBytes = 65 << 20
  /// How long a connection with calls may be silent before the server is asked whether it is there; one that does not
  /// answer is given up. Servers bear such questions only so often.
  public var keepalive: Duration = .seconds(30)
  /// Bytes in flight before HTTP/2 makes a server wait; gRPC's 64 KiB would cost a round trip each.
  public var windowBytes = 8 << 20
  /// Bytes of records that a consumer reads ahead.
  public var readAheadBytes = 1 << 20

  /// A configuration with the default limits.
  public init(seeds: [NodeAddress]) {
    self.seeds = seeds
  }
}
