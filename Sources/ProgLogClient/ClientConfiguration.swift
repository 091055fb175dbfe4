/// How a ``ProgLogClient`` reaches its cluster.
public struct ClientConfiguration: Sendable {
  /// When and how often a call is tried again.
  public struct Retry: Sendable, Hashable {
    /// Attempts of one call, the first included; at least 1.
    public var attempts: Int
    /// The pause before the second attempt; each further one is twice as long, and all are shortened at random by up to
    /// half, so that clients that failed together do not come back together.
    public var initialBackoff: Duration
    /// The longest pause.
    public var maximumBackoff: Duration

    /// Four attempts within about a second.
    public static let defaults = Retry(
      attempts: 4, initialBackoff: .milliseconds(100), maximumBackoff: .seconds(5))

    /// Every call is tried once.
    public static let never = Retry(attempts: 1, initialBackoff: .zero, maximumBackoff: .zero)

    /// Creates a policy from its parts.
    public init(attempts: Int, initialBackoff: Duration, maximumBackoff: Duration) {
      self.attempts = attempts
      self.initialBackoff = initialBackoff
      self.maximumBackoff = maximumBackoff
    }

    func pause(beforeAttempt attempt: Int, random: Double = .random(in: 0..<1)) -> Duration {
      // 2^20 is more than any maximum, and the shift cannot overflow.
      let full = min(self.initialBackoff * (1 << min(attempt - 1, 20)), self.maximumBackoff)
      return full * (1 - random / 2)
    }
  }

  /// Nodes to ask; the first that answers serves. At least one.
  public var seeds: [NodeAddress]
  /// The time for one call with all its attempts; for a stream, the time without progress while an answer is due.
  public var timeout: Duration = .seconds(10)
  /// Retries of what is safe to retry.
  public var retry: Retry = .defaults
  /// Bytes of the largest message that is taken from a server: logd's largest record and its frame.
  public var maximumMessageBytes = 65 << 20
  /// How long a connection with calls may be silent before the server is asked whether it is there; one that does not
  /// answer is given up. Servers bear such questions only so often.
  public var keepalive: Duration = .seconds(30)
  /// Bytes in flight before HTTP/2 makes a server wait; gRPC's 64 KiB would cost a round trip each.
  public var windowBytes = 8 << 20
  /// Bytes of records that a stream reads ahead of its consumer.
  public var readAheadBytes = 1 << 20

  /// A configuration with the default limits.
  public init(seeds: [NodeAddress]) {
    self.seeds = seeds
  }
}
