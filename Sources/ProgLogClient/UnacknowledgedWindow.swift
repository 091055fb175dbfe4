import Synchronization

/// The requests of a produce stream that wait for their answers, bounded in bytes.
final class UnacknowledgedWindow: Sendable {
  /// Charged for each record besides its value, so that empty ones are bounded too.
  private static let recordOverheadBytes = 64

  private struct State {
    /// The waiting requests; those before `head` are done.
    var requests: [(charge: Int, records: Int)] = []
    var head = 0
    var bytes = 0
    var records = 0
    var sender: CheckedContinuation<Void, Never>?

    var count: Int { self.requests.count - self.head }
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) {
    self.limit = limit
  }

  var count: Int { self.state.withLock { $0.count } }

  /// Of all the requests.
  var records: Int { self.state.withLock { $0.records } }

  /// Takes a request in; waits for room first. One larger than the bound goes alone.
  ///
  /// - Throws: `CancellationError`.
  func add(valueBytes: Int, records: Int = 1) async throws {
    let charge = valueBytes + records * Self.recordOverheadBytes
    while self.state.withLock({ !self.hasRoom(for: charge, in: $0) }) {
      try Task.checkCancellation()
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let isNeedless = self.state.withLock { state in
            if self.hasRoom(for: charge, in: state) || Task.isCancelled { return true }
            state.sender = continuation
            return false
          }
          if isNeedless { continuation.resume() }
        }
      } onCancel: {
        self.wakeSender()
      }
    }
    self.state.withLock { state in
      state.requests.append((charge, records))
      state.bytes += charge
      state.records += records
    }
  }

  /// Lets the oldest request go.
  ///
  /// - Returns: the number of its records; `nil` when there was none.
  func removeOldest() -> Int? {
    let records = self.state.withLock { state -> Int? in
      guard state.count > 0 else { return nil }
      let (charge, records) = state.requests[state.head]
      state.bytes -= charge
      state.records -= records
      state.head += 1
      // Now and then, so that removing costs a constant on average.
      if state.head >= 1_024, state.head * 2 >= state.requests.count {
        state.requests.removeFirst(state.head)
        state.head = 0
      }
      return records
    }
    self.wakeSender()
    return records
  }

  private func hasRoom(for charge: Int, in state: State) -> Bool {
    state.bytes == 0 || state.bytes + charge <= self.limit
  }

  private func wakeSender() {
    let sender = self.state.withLock { state in
      defer { state.sender = nil }
      return state.sender
    }
    sender?.resume()
  }
}
