package import CommitLog
package import NIOCore

/// What the APIs need of the log. They depend on this and not on how records become durable, so that tests stand in
/// for it and replication goes in below it.
///
/// One event loop owns the log's state. Unless a member says otherwise, call it on `eventLoop`; completions run there.
package protocol RecordLog: AnyObject, Sendable {
  var eventLoop: any EventLoop { get }

  /// The offsets that can be read. From any thread.
  var extent: LogExtent { get }

  /// Appends a record. `completion` runs once: with its offset when the record is durable, never before, or with why
  /// it is not.
  func produce(_ value: ByteBuffer, completion: @escaping (Result<ProducedRecord, ProduceError>) -> Void)

  /// Batches from the one that holds `offset` on, about `maximumBytes` of them, at least one.
  /// Fails with `LogError.outOfRange` for an offset outside of `extent`. From any thread; completes on `eventLoop`.
  func read(from offset: Offset, maximumBytes: Int) -> EventLoopFuture<[RecordBatch]>

  /// Runs `action` once, when the record at `offset` can be read: at once if it can be already.
  func whenReadable(_ offset: Offset, _ action: @escaping () -> Void) -> ReadWaiter

  /// The action will not run any more.
  func cancel(_ waiter: ReadWaiter)
}

/// The offsets that can be read: `start` is the first, `end` the next to be written.
package struct LogExtent: Sendable, Equatable {
  package var start: Offset
  package var end: Offset

  package init(start: Offset, end: Offset) {
    self.start = start
    self.end = end
  }

  package func contains(_ offset: Offset) -> Bool { start <= offset && offset < end }
}

/// Where a record went.
package struct ProducedRecord: Sendable, Equatable {
  package var offset: Offset
  package var term: Term
}

/// Names one wait, so that it can be cancelled.
package struct ReadWaiter: Sendable, Hashable {
  package var number: UInt64
}

/// Why a record was not appended. In every case nothing of it is in the log.
package enum ProduceError: Error, Sendable {
  case recordTooLarge(bytes: Int, maximum: Int)
  /// More bytes wait for the disk than the node may hold.
  case overloaded(queuedBytes: Int)
  /// The log could not take it: no space left, most of all.
  case refused(LogError)
  case shuttingDown
}

extension ProduceError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .recordTooLarge(let bytes, let maximum):
      "the record has \(bytes) bytes, the limit is \(maximum) (\(SettingKey.maximumRecordBytes.rawValue))"
    case .overloaded(let queuedBytes):
      "\(queuedBytes) bytes wait for the disk already; try again later"
    case .refused(let error): "the log refused the record: \(error)"
    case .shuttingDown: "the server is shutting down"
    }
  }
}

extension RecordLog {
  /// `produce` for async code.
  package func produce(_ value: ByteBuffer) async throws -> ProducedRecord {
    try await eventLoop.flatSubmit {
      let promise = self.eventLoop.makePromise(of: ProducedRecord.self)
      self.produce(value) { promise.completeWith($0.mapError { $0 }) }
      return promise.futureResult
    }.get()
  }

  /// The record at `offset`, for async code.
  package func record(at offset: Offset) async throws -> LocatedRecord {
    let extent = extent
    guard extent.contains(offset) else {
      throw LogError.outOfRange(requested: offset, start: extent.start, end: extent.end)
    }
    return try LocatedRecord(at: offset, in: try await read(from: offset, maximumBytes: 1).get())
  }
}

/// A record, with the term in which it was appended.
package struct LocatedRecord: Sendable {
  package var record: CommitLog.Record
  package var term: Term

  /// Finds the record in batches that were read from its offset on, one of which holds it.
  init(at offset: Offset, in batches: [RecordBatch]) throws {
    for batch in batches {
      if let record = try batch.record(at: offset) {
        self.record = record
        term = batch.term
        return
      }
    }
    preconditionFailure("offset \(offset) was read, yet none of the \(batches.count) batches holds it")
  }
}
