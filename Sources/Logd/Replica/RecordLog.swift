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

  /// Makes sure that what cannot be read here is not there: `completion` runs once, when everything that was acknowledged anywhere
  /// before this call is in `extent`, or with why that cannot be told now. What can be read never changes, so only an answer that
  /// says that something is missing needs this (ReadIndex, thesis §6.4).
  func confirmEnd(completion: @escaping (Result<Void, EndUnconfirmed>) -> Void)

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
  /// It was there already, from an earlier try.
  package var isDuplicate = false

  package init(offset: Offset, term: Term, isDuplicate: Bool = false) {
    self.offset = offset
    self.term = term
    self.isDuplicate = isDuplicate
  }
}

/// Names one wait, so that it can be cancelled.
package struct ReadWaiter: Sendable, Hashable {
  package var number: UInt64
}

/// Who leads, for whom this node cannot help.
package struct LeaderHint: Sendable, Hashable {
  package var id: String
  /// host:port; nil: not known.
  package var address: String?

  package init(id: String, address: String?) {
    self.id = id
    self.address = address
  }
}

/// Why nobody can tell where the log ends.
package enum EndUnconfirmed: Error, Sendable, Equatable {
  /// No leader is known, or it lost its place, or does not answer.
  case noLeader
  case overloaded
  case shuttingDown
}

extension EndUnconfirmed: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noLeader: "this node knows of no leader that could say where the log ends; try again, or at another node"
    case .overloaded: "too many reads wait for the leader to say where the log ends; try again later"
    case .shuttingDown: "the server is shutting down"
    }
  }
}
