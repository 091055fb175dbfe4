import Synchronization

/// Where a node stands in its life, as its probes tell it.
package final class NodeHealth: Sendable {
  package enum Phase: Sendable, Equatable {
    /// The log is being opened.
    case starting
    case serving
    /// A stop was asked for: calls in flight end, new ones go elsewhere.
    case draining
  }

  private struct State {
    var phase: Phase
    var lastBeat: ContinuousClock.Instant
  }

  /// How long the core loop may be silent before the node counts as hung. A slow disk never blocks that loop, so
  /// this is far beyond any pause of a healthy one, and far below what a person would wait.
  package static let maximumSilence: Duration = .seconds(30)

  private let state: Mutex<State>
  package let cluster = ClusterHealth()

  package init(now: ContinuousClock.Instant) {
    state = Mutex(State(phase: .starting, lastBeat: now))
  }

  package var phase: Phase { state.withLock { $0.phase } }

  package func enter(_ phase: Phase) { state.withLock { $0.phase = phase } }

  /// The core loop runs this every second.
  package func beat(now: ContinuousClock.Instant) { state.withLock { $0.lastBeat = now } }

  /// Alive: the core loop turns. Whether the node can do its work is readiness, and never a reason to restart it.
  package func liveness(now: ContinuousClock.Instant) -> ProbeAnswer {
    let (phase, lastBeat) = state.withLock { ($0.phase, $0.lastBeat) }
    let silence = lastBeat.duration(to: now)
    guard phase == .starting || silence <= Self.maximumSilence else {
      return .failing("the core loop has not turned for \(silence)")
    }
    return .passing
  }

  /// Ready: the node takes calls, and its cluster has a leader.
  package func readiness() -> ProbeAnswer {
    switch phase {
    case .starting: .failing("the log is being opened")
    case .serving: cluster.readiness
    case .draining: .failing("the node is shutting down")
    }
  }

  /// Started: the log was opened and recovered.
  package func startup() -> ProbeAnswer {
    phase == .starting ? .failing("the log is being opened") : .passing
  }
}

/// What a probe is told.
package enum ProbeAnswer: Sendable, Equatable {
  case passing
  case failing(String)
}
