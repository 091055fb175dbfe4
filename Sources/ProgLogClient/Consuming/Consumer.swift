/// The records of a log in their order.
///
/// ```swift
/// for try await record in client.consume(from: .latest, follow: true) { … }
/// ```
///
/// Records come many in a message, as many as there are, and are read ahead of whoever iterates, up to
/// ``ClientConfiguration/readAheadBytes``; at the log's end they come as they are written. When the server goes away, or what
/// it says is not news any more, another one goes on, without gap or repeat. Each iteration is a call of its own, which begins
/// with the first `next()` and ends with the iterator.
public struct Consumer: AsyncSequence, Sendable {
  /// A record.
  public typealias Element = Record
  /// See ``AsyncIterator/next()``.
  public typealias Failure = any Error

  let calls: CallSequence<Record>

  /// Begins.
  public func makeAsyncIterator() -> AsyncIterator {
    AsyncIterator(calls: self.calls.makeAsyncIterator())
  }

  /// One way through the records.
  public struct AsyncIterator: AsyncIteratorProtocol {
    var calls: CallSequence<Record>.AsyncIterator

    /// The next record; `nil` at the end.
    ///
    /// - Throws: ``ProgLogError/outOfRange(requested:range:)`` for a start that the log has not, and for records that were
    ///   removed before they were read; the errors of every call; `CancellationError`.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws -> Record? {
      try await self.calls.next(isolation: actor)
    }

    /// The next record; `nil` at the end.
    public mutating func next() async throws -> Record? {
      try await self.calls.next(isolation: nil)
    }
  }

  /// The same records, as many at a time as are there; never none.
  public var batches: Batches { Batches(calls: self.calls) }

  /// Records, as many at a time as are there.
  public struct Batches: AsyncSequence, Sendable {
    /// At least one record.
    public typealias Element = [Record]
    /// See ``Consumer/AsyncIterator/next()``.
    public typealias Failure = any Error

    let calls: CallSequence<Record>

    /// Begins.
    public func makeAsyncIterator() -> AsyncIterator {
      AsyncIterator(calls: self.calls.makeAsyncIterator())
    }

    /// One way through the records.
    public struct AsyncIterator: AsyncIteratorProtocol {
      var calls: CallSequence<Record>.AsyncIterator

      /// The next records; `nil` at the end.
      ///
      /// - Throws: as the records' own iterator.
      public mutating func next(isolation actor: isolated (any Actor)?) async throws -> [Record]? {
        try await self.calls.nextBatch()
      }

      /// The next records; `nil` at the end.
      public mutating func next() async throws -> [Record]? {
        try await self.calls.nextBatch()
      }
    }
  }
}

extension ProgLogClient {
  /// The records from `position` on, in their order.
  ///
  /// - Parameters:
  ///   - follow: whether to wait for records to come. Without, the sequence ends behind the record that was the newest
  ///     when it began.
  ///   - limit: the number of records after which it ends.
  public func consume(
    from position: ConsumePosition, follow: Bool = false, limit: UInt64? = nil
  ) -> Consumer {
    Consumer(
      calls: CallSequence<Record>(limit: self.configuration.readAheadBytes) { records in
        guard let bounds = try await self.bounds(from: position, follow: follow, limit: limit) else { return }
        let stream = ConsumeStream(self.configuration, bounds: bounds, follows: follow, records: records)
        try await self.resuming(.reader, requested: bounds.lowerBound, progress: { stream.next }) {
          node, options, patience in try await stream.run(on: node, options: options, patience: patience)
        }
      })
  }

  private func bounds(from position: ConsumePosition, follow: Bool, limit: UInt64?) async throws -> Range<UInt64>? {
    if limit == 0 { return nil }
    if case .offset(let offset) = position, follow {
      return try ConsumerPlace.bounds(from: offset, in: nil, limit: limit)
    }
    let log = try await self.offsets()
    let first: UInt64
    switch position {
    case .earliest: first = log.lowerBound
    case .latest: first = log.upperBound
    case .offset(let offset): first = offset
    case .time(let time): first = min(max(try await self.offset(at: time), log.lowerBound), log.upperBound)
    }
    return try ConsumerPlace.bounds(from: first, in: follow ? nil : log, limit: limit)
  }
}
