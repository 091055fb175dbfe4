import Synchronization

/// Ends a stream on which an answer is due and does not come. A stream has no deadline as a whole.
final class ProgressWatch: Sendable {
  struct TimedOut: Error {}

  private let timeout: Duration
  private let deadline = Mutex<ContinuousClock.Instant?>(nil)

  init(timeout: Duration) {
    self.timeout = timeout
  }

  /// From now on an answer is due; each call starts the time anew.
  func expectAnswer() {
    self.deadline.withLock { $0 = .now + self.timeout }
  }

  /// Nothing is due, for as long as it takes.
  func relax() {
    self.deadline.withLock { $0 = nil }
  }

  /// Runs `body` to its end.
  ///
  /// - Parameter side: runs meanwhile; what it throws ends `body`, its end does not.
  /// - Throws: what `body` or `side` throws, or ``TimedOut``.
  func guarding(
    _ body: @Sendable @escaping () async throws -> Void, beside side: @Sendable @escaping () async throws -> Void = {}
  ) async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        try await self.waitForTimeout()
        return true
      }
      group.addTask {
        try await body()
        return true
      }
      group.addTask {
        try await side()
        return false
      }
      defer { group.cancelAll() }
      while let isOver = try await group.next(), !isOver {}
    }
  }

  private func waitForTimeout() async throws {
    while true {
      // With nothing due, a deadline that is set now falls no earlier than this sleep ends.
      let deadline = self.deadline.withLock { $0 }
      try await Task.sleep(until: deadline ?? .now + self.timeout, clock: .continuous)
      if let current = self.deadline.withLock({ $0 }), current <= .now { throw TimedOut() }
    }
  }
}
