import Synchronization

/// Whether this process leads, for those who act on it. To be asked before each act and not once: time goes on while a
/// process is paused.
package final class Leadership: Sendable {
  private enum State {
    case standby
    case leading(until: ContinuousClock.Instant)
    case unconditional
  }

  private let state: Mutex<State>
  private let acquired = Signal()

  package init() { state = Mutex(.standby) }

  private init(_ initial: State) {
    state = Mutex(initial)
    acquired.fire()
  }

  /// Of a process that is known to be the only one.
  package static var unconditional: Leadership { Leadership(.unconditional) }

  package var isHeld: Bool { isHeld(at: .now) }

  func isHeld(at now: ContinuousClock.Instant) -> Bool {
    switch state.withLock({ $0 }) {
    case .standby: false
    case .leading(let deadline): now < deadline
    case .unconditional: true
    }
  }

  /// Returns when this process leads for the first time.
  package func waitUntilHeld() async throws(CancellationError) {
    await acquired.wait()
    if !acquired.hasFired { throw CancellationError() }
  }

  /// - Parameter deadline: nil: we do not lead.
  func set(until deadline: ContinuousClock.Instant?) {
    state.withLock { $0 = deadline.map { .leading(until: $0) } ?? .standby }
    if deadline != nil { acquired.fire() }
  }
}
