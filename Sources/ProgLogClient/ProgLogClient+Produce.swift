import FoundationEssentials
import GRPCCore
import ProgLogAPI
import Synchronization

extension ProgLogClient {
  /// Appends one record and returns its offset once the record is durable.
  ///
  /// - Throws: ``ProgLogError/outcomeUnknown(records:cause:)`` when the answer was lost, and the errors of every call.
  public func produce(_ value: [UInt8]) async throws -> UInt64 {
    let request = Log_V1_ProduceRequest(value: value)
    return try await self.retrying(isIdempotent: false) { node, options in
      try await node.log.produce(request, options: options).offset
    }
  }

  /// Appends the values in their order over one stream, and yields their offsets as the records become durable.
  ///
  /// Values are read while fewer than `maximumUnacknowledgedBytes` wait for their offsets, and offsets are read by
  /// iterating: who stops reading them stops the stream.
  ///
  /// - Throws: from the iteration, ``ProgLogError/outcomeUnknown(records:cause:)`` with the number of records whose
  ///   answers were lost; what `values` throws; the errors of every call.
  public func produce<Values: AsyncSequence & Sendable>(
    _ values: Values, maximumUnacknowledgedBytes: Int = 4 << 20
  ) -> some AsyncSequence<UInt64, any Error> & Sendable where Values.Element == [UInt8] {
    CallSequence<UInt64>(limit: self.configuration.readAheadBytes) { offsets in
      let stream = ProduceStream(
        values: values, offsets: offsets, window: UnacknowledgedWindow(limit: maximumUnacknowledgedBytes),
        watch: ProgressWatch(timeout: self.configuration.timeout))
      do {
        try await self.retrying(isIdempotent: false, hasDeadline: false) { node, options in
          try await stream.run(on: node, options: options)
        }
      } catch let error as ProgLogError {
        if let sourceFailure = stream.sourceFailure { throw sourceFailure }
        throw error.ofAppend(records: stream.window.count)
      }
    }
  }
}

extension Log_V1_ProduceRequest {
  init(value: [UInt8]) {
    self.init()
    self.record.value = Data(value)
  }
}

extension ProgLogError {
  /// The failure of a call that had sent `records` records without an answer.
  func ofAppend(records: Int) -> ProgLogError {
    switch self {
    case .outcomeUnknown(_, let cause) where records > 0: .outcomeUnknown(records: records, cause: cause)
    case _ where records > 0 && self.leavesOutcomeOpen: .outcomeUnknown(records: records, cause: self.description)
    default: self
    }
  }
}

/// One ProduceStream call.
private final class ProduceStream<Values: AsyncSequence & Sendable>: Sendable where Values.Element == [UInt8] {
  let window: UnacknowledgedWindow
  private let values: Values
  private let offsets: BoundedChannel<UInt64>
  private let watch: ProgressWatch
  private let failure = Mutex<(any Error)?>(nil)

  init(values: Values, offsets: BoundedChannel<UInt64>, window: UnacknowledgedWindow, watch: ProgressWatch) {
    self.values = values
    self.offsets = offsets
    self.window = window
    self.watch = watch
  }

  /// What reading `values` failed with, which gRPC would report as a failure of its own.
  var sourceFailure: (any Error)? { self.failure.withLock { $0 } }

  func run(on node: ProgLogClient.Node, options: CallOptions) async throws {
    try await self.watch.guarding {
      try await node.log.produceStream(options: options) { writer in
        try await self.send(to: writer)
      } onResponse: { response in
        try await self.receive(response)
      }
    }
  }

  private func send(to writer: RPCWriter<Log_V1_ProduceRequest>) async throws {
    var iterator = self.values.makeAsyncIterator()
    while true {
      let value: [UInt8]
      do {
        guard let next = try await iterator.next(isolation: nil) else { return }
        value = next
      } catch {
        self.failure.withLock { $0 = error }
        throw error
      }
      try await self.window.add(valueBytes: value.count)
      if self.window.count == 1 { self.watch.expectAnswer() }
      try await writer.write(Log_V1_ProduceRequest(value: value))
    }
  }

  private func receive(_ response: StreamingClientResponse<Log_V1_ProduceResponse>) async throws {
    for try await answer in response.messages {
      guard self.window.removeOldest() else {
        throw ProgLogError.protocolViolation("it answered with more offsets than it got records")
      }
      // Not while the reader of the offsets takes its time.
      self.watch.relax()
      try await self.offsets.send(answer.offset, bytes: MemoryLayout<UInt64>.size)
      if self.window.count > 0 { self.watch.expectAnswer() }
    }
    if let sourceFailure = self.sourceFailure { throw sourceFailure }
    let unanswered = self.window.count
    guard unanswered == 0 else {
      throw ProgLogError.outcomeUnknown(records: unanswered, cause: "the server ended the stream early")
    }
  }
}
