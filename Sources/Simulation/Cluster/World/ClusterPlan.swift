import Raft

/// Who uses the cluster.
package enum ClientKind: String, CaseIterable, Sendable {
  case idempotentProducer, plainProducer, consumer, linearizableReader
}

package struct PlannedClient: Sendable {
  package let number: Int
  package let kind: ClientKind
  /// Nanoseconds between what it does.
  let pause: UInt64
  /// Batches that wait for their acknowledgement, at most.
  let window: Int
  let seed: UInt64
}

/// Everything about a run that is decided before it begins; the rest follows from it.
package struct ClusterPlan: Sendable {
  package let seed: UInt64
  /// The names that there are, members or not.
  package let slots: Int
  package let voters: Int
  package let learners: Int
  /// The first node begins the cluster and the others are added; else all start with the same first entry.
  package let bootstraps: Bool
  let settings: Settings
  let network: NetworkProfile
  /// Nanoseconds of a write with its sync, at most.
  let writeTime: UInt64
  let groupsWrites: Bool
  /// Of each slot: a clock's nanoseconds in a million of ours.
  let clockRates: [UInt64]
  package var faults: [PlannedFault]
  package var clients: [PlannedClient]
  /// After so many events the faults end at the latest.
  package var maximumEvents: Int
  /// When they end.
  package let horizon: VirtualTime
  /// After everything was well, or at once.
  let leavesMinorityDown: Bool
  let recoversWithMinorityDown: Bool

  /// About so many events happen in a second of such a run.
  private static let eventsPerSecond: UInt64 = 200

  /// - Parameter events: of the part with faults, about.
  package init(seed: UInt64, events: Int) {
    var dice = Dice(seed: seed)
    self.seed = seed
    voters = dice.pick([1, 2, 3, 3, 3, 3, 4, 5, 5]) ?? 3
    learners = dice.chance(perMille: 250) ? 1 : 0
    slots = min(6, max(voters + learners, 3) + dice.below(2))
    bootstraps = dice.chance(perMille: 200)
    settings = Self.drawSettings(&dice)
    network = Self.drawNetwork(&dice)
    writeTime = dice.pick([UInt64.microseconds(100), .milliseconds(2), .milliseconds(10), .milliseconds(60)]) ?? 0
    groupsWrites = dice.chance(perMille: 600)
    let drift: UInt64 = dice.pick([0, 1000, 50_000]) ?? 0
    clockRates = (0..<slots).map { _ -> UInt64 in 1_000_000 - drift + dice.below(2 * drift + 1) }
    maximumEvents = events
    horizon = .zero + .seconds(UInt64(events)) / Self.eventsPerSecond
    faults = Self.drawFaults(until: horizon, &dice)
    clients = Self.drawClients(&dice)
    leavesMinorityDown = dice.chance(perMille: 400)
    recoversWithMinorityDown = dice.chance(perMille: 300)
  }

  private static func drawSettings(_ dice: inout Dice) -> Settings {
    var settings = Settings()
    settings.heartbeatInterval = .milliseconds(dice.pick([100, 200, 300]) ?? 100)
    // Small enough that the bounds are met.
    if dice.chance(perMille: 500) {
      settings.maximumInflightBytes = dice.within(300...2000)
      settings.maximumMessageBytes = dice.within(150...800)
      settings.maximumUncommittedBytes = dice.within(400...3000)
      settings.maximumPendingReads = dice.within(2...4)
    }
    settings.maximumPromotionLag = dice.pick([0, 4, 1024]) ?? 1024
    settings.commitNoticeDelay = dice.pick([.zero, .milliseconds(1), .milliseconds(20)]) ?? .zero
    return settings
  }

  private static func drawNetwork(_ dice: inout Dice) -> NetworkProfile {
    let isGood = dice.chance(perMille: 350)
    return NetworkProfile(
      delay: .microseconds(dice.pick([UInt64(30), 500, 5000]) ?? 500),
      jitter: .microseconds(dice.pick([UInt64(100), 2000, 40_000]) ?? 0),
      lossPerMille: isGood ? 0 : dice.pick([0, 10, 50, 150]) ?? 0,
      doublePerMille: isGood ? 0 : dice.pick([0, 20, 100]) ?? 0,
      latePerMille: isGood ? 0 : dice.pick([0, 10, 60]) ?? 0,
      lateness: .milliseconds(dice.pick([UInt64(200), 2000, 8000]) ?? 0),
      keepsOrder: isGood || dice.chance(perMille: 200))
  }

  /// Each run has some kinds of faults only: those that it lacks do not hide what the others would show
  /// (Groce et al., "Swarm testing", 2012).
  private static func drawFaults(until horizon: VirtualTime, _ dice: inout Dice) -> [PlannedFault] {
    let share = dice.pick([200, 400, 700]) ?? 400
    let kinds = FaultKind.allCases.filter { _ in dice.chance(perMille: share) }
    guard !kinds.isEmpty else { return [] }
    let meanPause = dice.pick([UInt64.milliseconds(200), .milliseconds(700), .seconds(2)]) ?? .seconds(1)
    let longest = dice.pick([UInt64.milliseconds(500), .seconds(2), .seconds(5)]) ?? .seconds(2)
    var faults: [PlannedFault] = []
    // Not before there has been a leader, mostly.
    var time = VirtualTime.zero + dice.below(.seconds(3))
    while time < horizon {
      guard let kind = dice.pick(kinds) else { break }
      faults.append(
        PlannedFault(
          number: faults.count, kind: kind, time: time, duration: .milliseconds(10) + dice.below(longest),
          seed: dice.next()))
      time = time + dice.below(2 * meanPause)
    }
    return faults
  }

  private static func drawClients(_ dice: inout Dice) -> [PlannedClient] {
    let kinds: [ClientKind] = [
      .idempotentProducer, .idempotentProducer, .plainProducer, .consumer, .linearizableReader,
    ]
    return (0..<dice.within(2...5)).map { number in
      PlannedClient(
        number: number, kind: number == 0 ? .idempotentProducer : dice.pick(kinds) ?? .consumer,
        pause: .milliseconds(dice.pick([20, 100, 300]) ?? 100), window: dice.within(1...4), seed: dice.next())
    }
  }
}
