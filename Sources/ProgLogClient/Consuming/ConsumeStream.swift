import GRPCCore
import ProgLogAPI
import Synchronization

/// ConsumeStream calls, one after the other.
final class ConsumeStream: Sendable {
  private let configuration: ClientConfiguration
  private let follows: Bool
  private let records: BoundedChannel<Record>
  private let place: Mutex<ConsumerPlace>

  /// Of one message: it is to come whole within the time of an attempt.
  private static let maximumMessageBytes = 256 << 10

  init(
    _ configuration: ClientConfiguration, bounds: Range<UInt64>, follows: Bool, records: BoundedChannel<Record>
  ) {
    self.configuration = configuration
    self.follows = follows
    self.records = records
    self.place = Mutex(ConsumerPlace(bounds))
  }

  /// The offset of the next record.
  var next: UInt64 { self.place.withLock { $0.next } }

  /// - Parameter patience: how long to wait for a record that is there.
  func run(on node: Node, options: CallOptions, patience: Duration) async throws {
    let watch = ProgressWatch(timeout: patience)
    let end = TailWatch(node: node, timeout: self.configuration.attemptTimeout)
    try await watch.guarding {
      try await self.read(from: node, options: options, watch: watch, end: end)
    } beside: {
      if self.follows { try await end.run() }
    }
  }

  private func read(
    from node: Node, options: CallOptions, watch: ProgressWatch, end: TailWatch
  ) async throws {
    let request = self.place.withLock { $0.request(maximumBytes: self.messageBytes) }
    self.expectRecord(watch)
    try await node.log.consumeStream(request, options: options) { response in
      for try await message in response.messages {
        watch.relax()
        end.heard()
        let (records, bytes, isAtEnd) = try self.place.withLock { place throws in
          let (records, bytes) = try place.take(message)
          return (records, bytes, place.isAtEnd)
        }
        try await self.records.send(contentsOf: records, bytes: bytes)
        if isAtEnd { return }
        self.expectRecord(watch)
      }
      throw RPCError(code: .unavailable, message: "the server ended the stream")
    }
  }

  private var messageBytes: Int { min(self.configuration.readAheadBytes, Self.maximumMessageBytes) }

  private func expectRecord(_ watch: ProgressWatch) {
    if self.follows { watch.relax() } else { watch.expectAnswer() }
  }
}
