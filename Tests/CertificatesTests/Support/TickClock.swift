import Synchronization
import TestSupport

/// A clock on which time passes when a test says so: every sleep ends with the next tick.
final class TickClock: Clock {
  struct Instant: InstantProtocol {
    let offset: Duration

    func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
    func duration(to other: Instant) -> Duration { other.offset - offset }
    static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
  }

  private let sleeper = Mutex<CheckedContinuation<Void, any Error>?>(nil)

  var now: Instant { Instant(offset: .zero) }
  var minimumResolution: Duration { .zero }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        if Task.isCancelled {
          continuation.resume(throwing: CancellationError())
        } else {
          sleeper.withLock { $0 = continuation }
        }
      }
    } onCancel: {
      take()?.resume(throwing: CancellationError())
    }
  }

  /// Waits until somebody sleeps, and wakes it.
  func tick() async throws {
    try await eventually("somebody sleeps") { take() }.resume()
  }

  /// Waits until somebody sleeps: what the last tick has begun is over.
  func settle() async throws {
    try await eventually("somebody sleeps") { sleeper.withLock { $0 == nil ? nil : true } }
  }

  private func take() -> CheckedContinuation<Void, any Error>? {
    sleeper.withLock { sleeper in
      defer { sleeper = nil }
      return sleeper
    }
  }
}
