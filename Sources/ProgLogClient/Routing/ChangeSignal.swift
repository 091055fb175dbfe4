import Synchronization

/// Counts changes, and lets tasks wait for the next one.
final class ChangeSignal: Sendable {
  private struct State {
    var count: UInt64 = 0
    var nextWaiter: UInt64 = 0
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  var count: UInt64 { self.state.withLock { $0.count } }

  func bump() {
    let waiters = self.state.withLock { state in
      state.count += 1
      defer { state.waiters = [:] }
      return state.waiters.values
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Waits until the count is another than `seen`, or the task is cancelled.
  func wait(past seen: UInt64) async {
    let waiter = self.state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isNeedless = self.state.withLock { state in
          // Read under the lock: whoever cancels later finds the continuation.
          if state.count != seen || Task.isCancelled { return true }
          state.waiters[waiter] = continuation
          return false
        }
        if isNeedless { continuation.resume() }
      }
    } onCancel: {
      self.state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
    }
  }

  /// The same, but not beyond a time.
  func wait(past seen: UInt64, until end: ContinuousClock.Instant?) async {
    guard let end else { return await self.wait(past: seen) }
    await withFirst {
      await self.wait(past: seen)
    } or: {
      try? await Task.sleep(until: end, clock: .continuous)
    }
  }
}

/// Runs both until one of them ends, and cancels the other.
func withFirst(
  _ first: @escaping @Sendable () async -> Void, or second: @escaping @Sendable () async -> Void
) async {
  await withTaskGroup(of: Void.self) { group in
    group.addTask { await first() }
    group.addTask { await second() }
    await group.next()
    group.cancelAll()
  }
}
