import GRPCCore
import ProgLogAPI
import Synchronization

extension ProgLogClient {
  /// The records from `position` on, in their order.
  ///
  /// A lost connection is made again, and the records go on without gap or repeat. Records come many in a message, as many as
  /// there are: following a log costs no time for that.
  ///
  /// - Parameters:
  ///   - follow: whether to wait for records to come. Without, the sequence ends behind the record that was the newest
  ///     when it began.
  ///   - limit: the number of records after which it ends.
  /// - Throws: from the iteration, ``ProgLogError/outOfRange(requested:range:)`` and the errors of every call.
  public func consume(
    from position: ConsumePosition, follow: Bool = false, limit: UInt64? = nil
  ) -> some AsyncSequence<Record, any Error> & Sendable {
    CallSequence<Record>(limit: self.configuration.readAheadBytes) { records in
      guard let bounds = try await self.bounds(from: position, follow: follow, limit: limit) else { return }
      let stream = ConsumeStream(
        bounds: bounds, maximumMessageBytes: self.configuration.readAheadBytes, waitsAtTail: follow, records: records,
        watch: ProgressWatch(timeout: self.configuration.timeout))
      try await self.retrying(requested: bounds.lowerBound, hasDeadline: false) { node, options in
        try await stream.run(on: node, options: options)
      }
    }
  }

  /// The first offset, and the one to stop at; `nil` when there is nothing to read.
  private func bounds(from position: ConsumePosition, follow: Bool, limit: UInt64?) async throws -> Range<UInt64>? {
    if limit == 0 { return nil }
    let first: UInt64
    var end = UInt64.max
    if case .offset(let offset) = position, follow {
      first = offset
    } else {
      let range = try await self.offsets()
      switch position {
      case .earliest: first = range.lowerBound
      case .latest: first = range.upperBound
      case .offset(let offset): first = offset
      case .time(let time): first = min(max(try await self.offset(at: time), range.lowerBound), range.upperBound)
      }
      if !follow {
        end = range.upperBound
        guard first <= end, first >= range.lowerBound else {
          throw ProgLogError.outOfRange(requested: first, range: range)
        }
      }
    }
    if let limit {
      let (sum, overflows) = first.addingReportingOverflow(limit)
      end = overflows ? end : min(end, sum)
    }
    return first < end ? first..<end : nil
  }
}

/// ConsumeStream calls, one after the other.
private final class ConsumeStream: Sendable {
  private let bounds: Range<UInt64>
  private let maximumMessageBytes: Int
  private let waitsAtTail: Bool
  private let records: BoundedChannel<Record>
  private let watch: ProgressWatch
  private let position: Atomic<UInt64>

  init(
    bounds: Range<UInt64>, maximumMessageBytes: Int, waitsAtTail: Bool, records: BoundedChannel<Record>,
    watch: ProgressWatch
  ) {
    self.bounds = bounds
    self.maximumMessageBytes = maximumMessageBytes
    self.waitsAtTail = waitsAtTail
    self.records = records
    self.watch = watch
    self.position = Atomic(bounds.lowerBound)
  }

  /// The offset of the next record.
  var next: UInt64 { self.position.load(ordering: .relaxed) }

  func run(on node: ProgLogClient.Node, options: CallOptions) async throws {
    try await self.watch.guarding {
      let request = self.request
      self.expectRecord()
      try await node.log.consumeStream(request, options: options) { response in
        for try await message in response.messages {
          self.watch.relax()
          try await self.take(message)
          if self.next == self.bounds.upperBound { return }
          self.expectRecord()
        }
        throw RPCError(code: .unavailable, message: "the server ended the stream")
      }
    }
  }

  private var request: Log_V1_ConsumeRequest {
    var request = Log_V1_ConsumeRequest()
    request.offset = self.next
    request.maxBytes = UInt32(clamping: max(1, self.maximumMessageBytes))
    request.maxRecords = UInt32(clamping: self.bounds.upperBound - self.next)
    return request
  }

  /// A server that knows of no limits sends a record at a time.
  private func take(_ message: Log_V1_ConsumeResponse) async throws {
    var taken: [Record] = []
    var bytes = 0
    var next = self.next
    for record in message.hasRecord ? [message.record] : message.records where next != self.bounds.upperBound {
      guard record.offset == next else {
        throw ProgLogError.protocolViolation("it sent offset \(record.offset) where \(next) was due")
      }
      taken.append(Record(record))
      bytes += record.value.count + MemoryLayout<Record>.size
      next += 1
    }
    self.position.store(next, ordering: .relaxed)
    try await self.records.send(contentsOf: taken, bytes: bytes)
  }

  private func expectRecord() {
    if self.waitsAtTail { self.watch.relax() } else { self.watch.expectAnswer() }
  }
}
