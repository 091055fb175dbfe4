import Synchronization

/// The answer that a record will get.
public struct Acknowledgement: Sendable {
  let batch: BatchOutcome
  let index: Int

  /// Of the record, once it is durable.
  ///
  /// - Throws: ``ProgLogError``: ``ProgLogError/outcomeUnknown(records:cause:)`` when the record may or may not be in the log,
  ///   and any other one when it is not; or `CancellationError`, when the task is cancelled that waits.
  public var offset: UInt64 {
    get async throws { try await self.batch.first + UInt64(self.index) }
  }

  /// Whether both become known together.
  package func isOfSameBatch(as other: Acknowledgement) -> Bool { self.batch === other.batch }
}

/// What becomes of a batch.
final class BatchOutcome: Sendable {
  private let result = Mutex<Result<UInt64, ProgLogError>?>(nil)
  private let settled = ChangeSignal()

  /// Once.
  func settle(_ result: Result<UInt64, ProgLogError>) {
    self.result.withLock { $0 = result }
    self.settled.bump()
  }

  /// The offset of the first record.
  var first: UInt64 {
    get async throws {
      while true {
        if let result = self.result.withLock({ $0 }) { return try result.get() }
        try Task.checkCancellation()
        await self.settled.wait(past: 0)
      }
    }
  }

  /// Waits until it is known.
  func wait() async {
    await self.settled.wait(past: 0)
  }
}
