/// How a ``Producer`` gathers and sends records.
public struct ProducerConfiguration: Sendable, Hashable {
  /// Bytes of values that are sent as one batch at most; a larger value goes alone. Kafka's default: larger ones gain little.
  public var batchBytes = 64 << 10
  /// Records of one batch at most.
  public var batchRecords = 10_000
  /// How long a batch waits for more records. Without, what comes while others are on their way goes as the next batch.
  public var linger: Duration = .zero
  /// Bytes of records that are not acknowledged; ``Producer/send(_:)`` waits while there are more.
  public var bufferBytes = 32 << 20
  /// How long a record is tried to be sent before it is given up.
  public var deliveryTimeout: Duration = .seconds(120)

  /// The default limits.
  public init() {}
}
