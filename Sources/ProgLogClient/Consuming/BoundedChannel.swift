import Synchronization

/// Hands elements from one task to another and makes the sender wait while more than `limit` bytes lie unread.
package final class BoundedChannel<Element: Sendable>: Sendable {
  private struct State {
    var elements: [Element] = []
    /// Of `elements`.
    var bytes = 0
    var end: Result<Void, any Error>?
    var sender: CheckedContinuation<Void, Never>?
    var receiver: CheckedContinuation<Void, Never>?

    mutating func takeSender() -> CheckedContinuation<Void, Never>? {
      defer { self.sender = nil }
      return self.sender
    }

    mutating func takeReceiver() -> CheckedContinuation<Void, Never>? {
      defer { self.receiver = nil }
      return self.receiver
    }
  }

  private let limit: Int
  private let state = Mutex(State())

  package init(limit: Int) {
    self.limit = limit
  }

  /// - Throws: `CancellationError` when the task is cancelled while it waits.
  package func send(_ element: Element, bytes: Int) async throws {
    try await self.send(contentsOf: [element], bytes: bytes)
  }

  /// The same for several at once, which have so many bytes in all.
  package func send(contentsOf elements: [Element], bytes: Int) async throws {
    while self.state.withLock({ $0.bytes >= self.limit }) {
      try Task.checkCancellation()
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let isNeedless = self.state.withLock { state in
            // Read under the lock: whoever cancels later finds the continuation.
            if state.bytes < self.limit || Task.isCancelled { return true }
            state.sender = continuation
            return false
          }
          if isNeedless { continuation.resume() }
        }
      } onCancel: {
        self.state.withLock { $0.takeSender() }?.resume()
      }
    }
    let receiver = self.state.withLock { state in
      state.elements += elements
      state.bytes += bytes
      return state.takeReceiver()
    }
    receiver?.resume()
  }

  /// The sender's last word.
  package func finish(_ end: Result<Void, any Error>) {
    let receiver = self.state.withLock { state in
      state.end = end
      return state.takeReceiver()
    }
    receiver?.resume()
  }

  /// All that has been sent; waits while that is nothing. `nil` at the end.
  ///
  /// - Throws: what the channel was finished with, or `CancellationError`.
  package func receive() async throws -> [Element]? {
    while true {
      try Task.checkCancellation()
      let (elements, end, sender) = self.state.withLock { state in
        let elements = state.elements
        state.elements = []
        state.bytes = 0
        return (elements, state.end, state.takeSender())
      }
      sender?.resume()
      if !elements.isEmpty { return elements }
      if let end {
        try end.get()
        return nil
      }
      await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
          let isNeedless = self.state.withLock { state in
            if !state.elements.isEmpty || state.end != nil || Task.isCancelled { return true }
            state.receiver = continuation
            return false
          }
          if isNeedless { continuation.resume() }
        }
      } onCancel: {
        self.state.withLock { $0.takeReceiver() }?.resume()
      }
    }
  }
}
