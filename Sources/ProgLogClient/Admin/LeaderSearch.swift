/// Which node to ask next for what only the leader does: those that are known in turn, and whoever is named as the
/// leader.
package struct LeaderSearch: Sendable {
  /// Two nodes that take each other for the leader would else be asked for ever without a pause.
  private static let maximumHints = 3

  private let seeds: [NodeAddress]
  private let backOff: BackOff
  private var seed = 0
  /// Hints followed one after the other.
  private var hints = 0
  private var attempt = 1

  /// Whom to ask.
  package private(set) var address: NodeAddress

  /// - Parameters:
  ///   - seeds: at least one.
  ///   - backOff: between attempts.
  package init(seeds: [NodeAddress], backOff: BackOff) {
    precondition(!seeds.isEmpty, "the leader is looked for from at least one address")
    self.seeds = seeds
    self.backOff = backOff
    self.address = seeds[0]
  }

  /// The last one asked has answered, and goes on being asked.
  package mutating func succeeded() {
    self.hints = 0
    self.attempt = 1
  }

  /// Takes in why the last one asked did not do it.
  ///
  /// - Returns: how long to wait before ``address`` is asked.
  package mutating func pause(after error: AdminError, random: Double = .random(in: 0..<1)) -> Duration {
    if case .notLeader(_, let hint) = error, self.hints < Self.maximumHints,
      let text = hint?.address, let leader = try? NodeAddress(parsing: text)
    {
      self.hints += 1
      self.address = leader
      return .zero
    }
    let isBusyLeader = if case .refused = error { error.mayPass } else { false }
    if !isBusyLeader {
      self.seed = (self.seed + 1) % self.seeds.count
      self.hints = 0
      self.address = self.seeds[self.seed]
    }
    return self.pauseAfterAnswer(random: random)
  }

  /// How long to wait before the same one is asked again, because what it waits for takes time; longer each time.
  package mutating func pauseAfterAnswer(random: Double = .random(in: 0..<1)) -> Duration {
    defer { self.attempt += 1 }
    return self.backOff.pause(after: self.attempt, random: random)
  }
}
