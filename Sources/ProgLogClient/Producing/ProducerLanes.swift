import Synchronization

/// Producers for calls that append by themselves. A call has one for itself, because those of a producer are to come in order.
final class ProducerLanes: Sendable {
  /// A producer and the sequence of its next record.
  struct Lane: Sendable, Hashable {
    var identity = ProducerIdentity()
    var sequence: UInt64 = 0
  }

  private struct State {
    var idle: [Lane] = []
    var taken = 0
  }

  /// Calls at once. Servers remember 4096 producers, and forget the one that was silent for the longest.
  private static let maximumLanes = 16

  private let state = Mutex(State())
  private let returned = ChangeSignal()

  /// Waits for one.
  ///
  /// - Throws: `CancellationError`.
  func take() async throws -> Lane {
    while true {
      try Task.checkCancellation()
      let seen = self.returned.count
      let lane = self.state.withLock { state -> Lane? in
        guard state.taken < Self.maximumLanes else { return nil }
        state.taken += 1
        // The last one that was given back: few callers use few producers.
        return state.idle.popLast() ?? Lane()
      }
      if let lane { return lane }
      await self.returned.wait(past: seen)
    }
  }

  /// - Parameter lane: as it goes on; `nil`: nobody knows what became of its last record, so it ends.
  func giveBack(_ lane: Lane?) {
    self.state.withLock { state in
      state.taken -= 1
      if let lane { state.idle.append(lane) }
    }
    self.returned.bump()
  }
}
