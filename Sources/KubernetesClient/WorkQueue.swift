import Synchronization

/// Hands keys to workers: a key at most once at a time, and again when it was added meanwhile.
package final class WorkQueue<Key: Hashable & Sendable>: Sendable {
  private struct State {
    var machine: WorkQueueStateMachine<Key>
    var isShutDown = false
    /// Workers that wait; firing one makes it look again.
    var waiters: [Signal] = []
  }

  private let state: Mutex<State>

  /// Failed keys come back after 5 ms at first, as in controller-runtime, and after a minute at last.
  package init(backOff: ExponentialBackOff = ExponentialBackOff(base: .milliseconds(5), limit: .seconds(60))) {
    state = Mutex(State(machine: WorkQueueStateMachine(backOff: backOff)))
  }

  /// Keys that wait to be handed out now.
  package var depth: Int { state.withLock { $0.machine.depth } }

  package func add(_ key: Key) { change { $0.add(key) } }

  /// A key that waits for its time already keeps the earlier time.
  package func add(_ key: Key, after delay: Duration) { change { $0.add(key, at: .now + delay) } }

  /// Adds a key whose work failed, later with each failure until `forget`. Returns the delay.
  @discardableResult
  package func retry(_ key: Key) -> Duration { change { $0.retry(key, now: .now) } }

  /// The work on a key succeeded: its next failure is the first again.
  package func forget(_ key: Key) { state.withLock { $0.machine.forget(key) } }

  /// How often the work on a key has failed in a row.
  package func failures(of key: Key) -> Int { state.withLock { $0.machine.failures(of: key) } }

  /// The work on a key that `next` gave is over, well or not.
  package func finish(_ key: Key) { change { $0.finish(key) } }

  /// No key is handed out any more.
  package func shutDown() {
    let waiters = state.withLock { state in
      state.isShutDown = true
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.fire() }
  }

  /// Waits for a key. `finish` must follow. Returns nil after `shutDown` and when the task is cancelled.
  package func next() async -> Key? {
    while true {
      let wake = Signal()
      let (key, due, isOver) = state.withLock { state -> (Key?, ContinuousClock.Instant?, Bool) in
        if state.isShutDown || Task.isCancelled { return (nil, nil, true) }
        if let key = state.machine.next(now: .now) { return (key, nil, false) }
        state.waiters.append(wake)
        return (nil, state.machine.nextDue, false)
      }
      if let key {
        // Whoever watched the clock for a delayed key may be this worker, which is busy now.
        wakeOne()
        return key
      }
      if isOver {
        // A wake-up that this task swallowed belongs to another.
        wakeOne()
        return nil
      }
      await wait(for: wake, until: due)
      state.withLock { $0.waiters.removeAll { $0 === wake } }
    }
  }

  /// Gives keys to `body`, at most so many at a time, until `next` returns nil. `body` calls `finish`.
  package func work(_ workers: Int, _ body: @escaping @Sendable (Key) async -> Void) async {
    await withTaskGroup { group in
      for _ in 0..<workers {
        group.addTask {
          while let key = await self.next() {
            await body(key)
            // Work that finds nothing to do waits for nobody. Much of it would keep the threads from all else, such as the
            // renewal of a Lease.
            await Task.yield()
          }
        }
      }
    }
  }

  private func wait(for wake: Signal, until due: ContinuousClock.Instant?) async {
    guard let due else { return await wake.wait() }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await wake.wait() }
      // Ends early on cancellation; the caller looks again in any case.
      group.addTask { try? await Task.sleep(until: due, clock: .continuous) }
      await group.next()
      group.cancelAll()
    }
  }

  private func change<Result: Sendable>(_ body: (inout WorkQueueStateMachine<Key>) -> Result) -> Result {
    let result = state.withLock { body(&$0.machine) }
    wakeOne()
    return result
  }

  private func wakeOne() {
    state.withLock { $0.waiters.popLast() }?.fire()
  }
}
