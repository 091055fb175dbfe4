import GRPCCore
import ProgLogAPI

extension ProgLogClient {
  /// Calls a server, and again, there or elsewhere, while the failures pass and the time lasts.
  ///
  /// - Parameters:
  ///   - requested: the offset asked for.
  ///   - appends: how many records it appends; the call has to be one that can be repeated.
  /// - Throws: ``ProgLogError``, or `CancellationError`.
  func routed<Result>(
    _ route: ServerDirectory.Route, requested: UInt64? = nil, appends records: Int = 0,
    _ call: (Node, CallOptions) async throws -> Result
  ) async throws -> Result {
    var attempts = CallAttempts(
      backOff: self.configuration.backOff, timeout: self.configuration.timeout,
      attemptTimeout: self.configuration.attemptTimeout, start: .now)
    var last: CallFailure?
    while true {
      let node: Node
      do {
        node = try await self.cluster.node(for: route, since: attempts.start, until: attempts.end)
      } catch let error as ProgLogError {
        throw attempts.isInDoubt ? (last?.error ?? error).ofAppend(records: records) : error
      }
      let time = attempts.timeLeft(at: .now)
      var options = self.streamOptions
      options.timeout = time
      do {
        return try await self.attempt(at: node, requested: requested, timeout: time) { try await call(node, options) }
      } catch let failure as CallFailure {
        let canGoOn = self.cluster.failed(node, failure.kind)
        last = failure
        guard let pause = attempts.pause(after: failure, canGoOn: canGoOn, at: .now) else {
          let error = self.lastError(failure)
          throw attempts.isInDoubt && records > 0 ? error.ofAppend(records: records) : error
        }
        try await Task.sleep(for: pause)
      }
    }
  }

  /// A stream that gets on from server to server.
  ///
  /// - Parameters:
  ///   - progress: grows when the stream gets on.
  ///   - call: given how long it may wait for an answer that is due.
  /// - Throws: ``ProgLogError``, or `CancellationError`.
  func resuming(
    _ route: ServerDirectory.Route, requested: UInt64?, progress: () -> UInt64,
    _ call: (Node, CallOptions, _ patience: Duration) async throws -> Void
  ) async throws {
    var attempts = CallAttempts(
      backOff: self.configuration.backOff, timeout: self.configuration.timeout,
      attemptTimeout: self.configuration.attemptTimeout, start: .now)
    while true {
      let node = try await self.cluster.node(for: route, since: attempts.start, until: attempts.end)
      let (before, began) = (progress(), ContinuousClock.Instant.now)
      do {
        return try await self.attempt(at: node, requested: requested, timeout: attempts.patience) {
          try await call(node, self.streamOptions, attempts.patience)
        }
      } catch let failure as CallFailure {
        // One that waits at the log's end for longer than its own time-out was well until it failed.
        if progress() != before || .now - began > self.configuration.timeout {
          attempts.madeProgress(at: .now)
          self.cluster.succeeded(node)
        }
        let canGoOn = self.cluster.failed(node, failure.kind)
        guard let pause = attempts.pause(after: failure, canGoOn: canGoOn, at: .now) else {
          throw self.lastError(failure)
        }
        try await Task.sleep(for: pause)
      }
    }
  }

  /// What is told when there is no other attempt: what failed, or, when it could have passed, also for how long it was tried.
  private func lastError(_ failure: CallFailure) -> ProgLogError {
    guard failure.mayPass else { return failure.error }
    switch failure.error {
    case .deadlineExceeded(let wait, _):
      return .deadlineExceeded(waitingFor: wait, timeout: self.configuration.timeout)
    default: return failure.error
    }
  }

  var streamOptions: CallOptions {
    var options = CallOptions.defaults
    options.maxResponseMessageBytes = self.configuration.maximumMessageBytes
    return options
  }

  /// One attempt.
  ///
  /// - Throws: ``CallFailure``, or `CancellationError`.
  func attempt<Result>(
    at node: Node, requested: UInt64?, timeout: Duration, _ call: () async throws -> Result
  ) async throws -> Result {
    let tracker = CallTracker()
    do {
      let result = try await CallTracker.$current.withValue(tracker) { try await call() }
      self.cluster.succeeded(node)
      return result
    } catch {
      if Task.isCancelled { throw CancellationError() }
      throw CallFailure(
        error, address: node.address, wasOpened: tracker.wasOpened, requested: requested, timeout: timeout)
    }
  }
}
