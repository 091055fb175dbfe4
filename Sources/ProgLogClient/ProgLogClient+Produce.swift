import GRPCCore
import ProgLogAPI
import Synchronization

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

extension ProgLogClient {
  /// Appends one record and returns its offset once the record is durable.
  ///
  /// - Throws: ``ProgLogError/outcomeUnknown(records:cause:)`` when the answer was lost, and the errors of every call.
  public func produce(_ value: [UInt8]) async throws -> UInt64 {
    try await self.append(Appending([value])).lowerBound
  }

  /// Appends records as one batch, all of them or none, and returns their offsets once they are durable. The offsets are
  /// consecutive: no other record comes in between.
  ///
  /// - Parameter records: at least one; logd takes 1 MiB in a batch unless it is told otherwise.
  /// - Throws: ``ProgLogError/outcomeUnknown(records:cause:)`` when the answer was lost, and the errors of every call.
  public func produce(records: [[UInt8]]) async throws -> Range<UInt64> {
    precondition(!records.isEmpty, "a batch has at least one record")
    return try await self.append(Appending(records))
  }

  private func append(_ appending: Appending) async throws -> Range<UInt64> {
    do {
      return try await self.retrying(isIdempotent: false) { node, options in
        try appending.offsets(in: try await node.log.produce(appending.request, options: options))
      }
    } catch ProgLogError.outcomeUnknown(_, let cause) {
      throw ProgLogError.outcomeUnknown(records: appending.records, cause: cause)
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
    self.stream(values, maximumUnacknowledgedBytes, encode: { Appending([$0]) }, yield: \.lowerBound)
  }

  /// Appends batches in their order over one stream, and yields the offsets of each as it becomes durable.
  ///
  /// Each batch is appended whole or not at all. An empty one is passed over. Otherwise as ``produce(_:maximumUnacknowledgedBytes:)``,
  /// and many times as fast where records are small.
  ///
  /// - Throws: from the iteration, ``ProgLogError/outcomeUnknown(records:cause:)`` with the number of records whose
  ///   answers were lost; what `batches` throws; the errors of every call.
  public func produce<Batches: AsyncSequence & Sendable>(
    batches: Batches, maximumUnacknowledgedBytes: Int = 4 << 20
  ) -> some AsyncSequence<Range<UInt64>, any Error> & Sendable where Batches.Element == [[UInt8]] {
    self.stream(batches, maximumUnacknowledgedBytes, encode: Appending.init, yield: { $0 })
  }

  private func stream<Source: AsyncSequence & Sendable, Place: Sendable>(
    _ source: Source, _ maximumUnacknowledgedBytes: Int, encode: @escaping @Sendable (Source.Element) -> Appending,
    yield: @escaping @Sendable (Range<UInt64>) -> Place
  ) -> CallSequence<Place> {
    CallSequence<Place>(limit: self.configuration.readAheadBytes) { places in
      let stream = ProduceStream(
        source: source, encode: encode, yield: yield, places: places,
        window: UnacknowledgedWindow(limit: maximumUnacknowledgedBytes),
        watch: ProgressWatch(timeout: self.configuration.timeout))
      do {
        try await self.retrying(isIdempotent: false, hasDeadline: false) { node, options in
          try await stream.run(on: node, options: options)
        }
      } catch let error as ProgLogError {
        if let sourceFailure = stream.sourceFailure { throw sourceFailure }
        throw error.ofAppend(records: stream.window.records)
      }
    }
  }
}

/// What one request appends.
private struct Appending: Sendable {
  var request = Log_V1_ProduceRequest()
  var records: Int
  var valueBytes: Int

  /// One value goes as proglog's own field, which every server knows.
  init(_ values: [[UInt8]]) {
    self.records = values.count
    self.valueBytes = values.reduce(0) { $0 + $1.count }
    if values.count == 1 {
      self.request.record.value = Data(values[0])
    } else {
      self.request.records = values.map { value in
        var record = Log_V1_Record()
        record.value = Data(value)
        return record
      }
    }
  }

  func offsets(in response: Log_V1_ProduceResponse) throws(ProgLogError) -> Range<UInt64> {
    try Self.offsets(in: response, records: self.records)
  }

  static func offsets(in response: Log_V1_ProduceResponse, records: Int) throws(ProgLogError) -> Range<UInt64> {
    guard records == 1 || response.count == UInt32(records) else {
      throw ProgLogError.protocolViolation("it appended \(response.count) of \(records) records of a batch")
    }
    let (end, overflows) = response.offset.addingReportingOverflow(UInt64(records))
    guard !overflows else { throw ProgLogError.protocolViolation("it answered offset \(response.offset)") }
    return response.offset..<end
  }
}

/// One ProduceStream call.
private final class ProduceStream<Source: AsyncSequence & Sendable, Place: Sendable>: Sendable {
  let window: UnacknowledgedWindow
  private let source: Source
  private let encode: @Sendable (Source.Element) -> Appending
  private let yield: @Sendable (Range<UInt64>) -> Place
  private let places: BoundedChannel<Place>
  private let watch: ProgressWatch
  private let failure = Mutex<(any Error)?>(nil)

  init(
    source: Source, encode: @escaping @Sendable (Source.Element) -> Appending,
    yield: @escaping @Sendable (Range<UInt64>) -> Place, places: BoundedChannel<Place>, window: UnacknowledgedWindow,
    watch: ProgressWatch
  ) {
    self.source = source
    self.encode = encode
    self.yield = yield
    self.places = places
    self.window = window
    self.watch = watch
  }

  /// What reading `source` failed with, which gRPC would report as a failure of its own.
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
    var iterator = self.source.makeAsyncIterator()
    while true {
      let appending: Appending
      do {
        guard let next = try await iterator.next(isolation: nil) else { return }
        appending = self.encode(next)
      } catch {
        self.failure.withLock { $0 = error }
        throw error
      }
      guard appending.records > 0 else { continue }
      try await self.window.add(valueBytes: appending.valueBytes, records: appending.records)
      if self.window.count == 1 { self.watch.expectAnswer() }
      try await writer.write(appending.request)
    }
  }

  private func receive(_ response: StreamingClientResponse<Log_V1_ProduceResponse>) async throws {
    for try await answer in response.messages {
      guard let records = self.window.removeOldest() else {
        throw ProgLogError.protocolViolation("it answered with more offsets than it got records")
      }
      // Not while the reader of the offsets takes its time.
      self.watch.relax()
      let offsets = try Appending.offsets(in: answer, records: records)
      try await self.places.send(self.yield(offsets), bytes: MemoryLayout<Place>.size)
      if self.window.count > 0 { self.watch.expectAnswer() }
    }
    if let sourceFailure = self.sourceFailure { throw sourceFailure }
    let unanswered = self.window.records
    guard unanswered == 0 else {
      throw ProgLogError.outcomeUnknown(records: unanswered, cause: "the server ended the stream early")
    }
  }
}
