/// The way to a member on one lane: where it stands and what is next. Events of attempts that were given up change
/// nothing.
struct PeerLinkState: Hashable, Sendable {
  enum Phase: Hashable, Sendable {
    /// For the next attempt.
    case waiting
    case connecting
    /// Connected; the hello is not answered yet.
    case greeting
    case ready
    case stopped
  }

  enum Event: Hashable, Sendable {
    /// The back-off is over, or the link is new.
    case due
    case connected(attempt: UInt64)
    /// There is no connection, or none any more.
    case failed(attempt: UInt64)
    case welcomed(attempt: UInt64)
    case refused(HelloRefusal, attempt: UInt64)
    case addressChanged
    case stop
  }

  enum Action: Hashable, Sendable {
    case connect(attempt: UInt64)
    /// Send the hello on the connection that was made.
    case greet
    /// Close the connection that was made: it is of an attempt that was given up.
    case discard
    /// Messages may go this way.
    case use
    /// What was sent may not have arrived.
    case lost
    /// Close the connection of the attempt that is given up.
    case close
    case retry(after: Duration)
    case cancelRetry
  }

  private(set) var phase = Phase.waiting
  private(set) var attempt: UInt64 = 0
  private var backOff = ReconnectBackOff()

  /// - Parameter random: from 0 to less than 1.
  mutating func step(_ event: Event, random: Double) -> [Action] {
    switch (phase, event) {
    case (.stopped, .connected): return [.discard]
    case (.stopped, _): return []
    case (_, .stop): return stop()
    case (_, .addressChanged): return changeAddress()
    case (.waiting, .due): return [connect()]
    case (.connecting, .connected(attempt)):
      phase = .greeting
      return [.greet]
    case (_, .connected): return [.discard]
    case (.greeting, .welcomed(attempt)):
      phase = .ready
      backOff.reset()
      return [.use]
    case (.greeting, .refused(let refusal, attempt)):
      if refusal.isLasting { backOff.slowDown() }
      return [.close, wait(random)]
    case (.connecting, .failed(attempt)), (.greeting, .failed(attempt)): return [wait(random)]
    case (.ready, .failed(attempt)): return [.lost, wait(random)]
    case (_, .due), (_, .failed), (_, .welcomed), (_, .refused): return []
    }
  }

  private mutating func connect() -> Action {
    attempt += 1
    phase = .connecting
    return .connect(attempt: attempt)
  }

  private mutating func wait(_ random: Double) -> Action {
    phase = .waiting
    return .retry(after: backOff.next(random: random))
  }

  private mutating func changeAddress() -> [Action] {
    let ending = ending
    backOff.reset()
    return ending + [connect()]
  }

  private mutating func stop() -> [Action] {
    let ending = ending
    phase = .stopped
    return ending
  }

  /// What it takes to leave the phase before it has come to its end.
  private var ending: [Action] {
    switch phase {
    case .waiting: [.cancelRetry]
    case .greeting: [.close]
    case .ready: [.close, .lost]
    case .connecting, .stopped: []
    }
  }
}
