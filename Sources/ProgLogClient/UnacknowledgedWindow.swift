import Synchronization

/// The records of a produce stream that wait for their offsets, bounded in bytes.
final class UnacknowledgedWindow: Sendable {
  /// Charged for each record besides its value, so that empty ones are bounded too.
  private static let recordOverheadBytes = 64

  private struct State {
    /// The charges of the waiting records; those before `head` are done.
    var charges: [Int] = []
    var head = 0
    var bytes = 0
    var sender: CheckedContinuation<Void, Never>?

    var count: Int { self.charges.count - self.head }
  }

  private let limit: Int
  private let state = Mutex(State())

  init(limit: Int) {
    self.limit = limit
  }

  var count: Int { self.state.withLock { $0.count } }

  /// Takes a record in; waits for room first. One record larger than the bound goes alone.
  ///
  /// - Throws: `CancellationError`.
  func add(valueBytes: Int) async throws {
    let charge = valueBytes + Self.recordOverheadBytes
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
      state.charges.append(charge)
      state.bytes += charge
    }
  }

  /// Lets the oldest record go.
  ///
  /// - Returns: whether there was one.
  func removeOldest() -> Bool {
    let hadOne = self.state.withLock { state in
      guard state.count > 0 else { return false }
      state.bytes -= state.charges[state.head]
      state.head += 1
      // Now and then, so that removing costs a constant on average.
      if state.head >= 1_024, state.head * 2 >= state.charges.count {
        state.charges.removeFirst(state.head)
        state.head = 0
      }
      return true
    }
    self.wakeSender()
    return hadOne
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
