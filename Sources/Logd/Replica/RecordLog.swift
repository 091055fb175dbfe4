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

  /// What a batch of a producer may have at most.
  var batchLimits: ProducerBatch.Limits { get }

  /// Looks whether the bytes are a batch that may be appended. `completion` runs once, at once for a batch that is not
  /// compressed.
  func admit(_ encoded: ByteBuffer, completion: @escaping (Result<ProducerBatch, ProduceError>) -> Void)

  /// Appends a batch, its records at consecutive offsets, all of them or none. `completion` gets the place of the first.
  func produce(_ batch: ProducerBatch, completion: @escaping (Result<ProducedRecord, ProduceError>) -> Void)

  /// As `read`, at once and without a system call; nil when the place is not in memory.
  func readCached(from offset: Offset, maximumBytes: Int) -> [RecordBatch]?

  /// The records of a compressed batch, decompressed off the event loop. From any thread; completes on `eventLoop`.
  func records(of batch: RecordBatch) -> EventLoopFuture<Records>

  /// The offset of the first batch that was appended at `time` or later; the end when none was.
  /// From any thread; completes on `eventLoop`.
  func offset(at time: Timestamp) -> EventLoopFuture<Offset>

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
  case batchTooLarge(bytes: Int, maximum: Int)
  /// What a producer sent as a batch is none, or none that producers may send; the text says why.
  case invalidBatch(String)
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
    case .batchTooLarge(let bytes, let maximum):
      "the batch has \(bytes) bytes, the limit is \(maximum) (\(SettingKey.maximumBatchBytes.rawValue)); send several"
    case .invalidBatch(let what): "the batch cannot be taken: \(what)"
    case .overloaded(let queuedBytes):
      "\(queuedBytes) bytes wait for the disk already; try again later"
    case .refused(let error): "the log refused the record: \(error)"
    case .shuttingDown: "the server is shutting down"
    }
  }
}
