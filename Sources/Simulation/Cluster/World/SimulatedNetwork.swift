import Raft

/// How messages fare in one run.
package struct NetworkProfile: Sendable {
  /// Nanoseconds of each way, at least; plus up to as many again as `jitter`.
  var delay: UInt64
  var jitter: UInt64
  var lossPerMille: Int
  var doublePerMille: Int
  /// Messages that take far longer.
  var latePerMille: Int
  var lateness: UInt64
  /// Like one TCP connection each way: what is later sent does not arrive earlier.
  var keepsOrder: Bool
}

/// Which messages arrive, and when.
struct SimulatedNetwork {
  let profile: NetworkProfile
  private let slots: Int
  /// Faults that cut this way off, by sender and receiver.
  private var cuts: [Int]
  /// Breaks with every lost connection: what was under way is lost.
  private var connections: [UInt32]
  private var lastArrival: [VirtualTime]
  private var dice: Dice
  /// Faults in force that lose most messages.
  var lossBursts = 0
  /// In the end nothing is lost any more.
  var isHealed = false

  private static let burstLossPerMille = 600

  init(profile: NetworkProfile, slots: Int, seed: UInt64) {
    self.profile = profile
    self.slots = slots
    cuts = Array(repeating: 0, count: slots * slots)
    connections = Array(repeating: 0, count: slots * slots)
    lastArrival = Array(repeating: .zero, count: slots * slots)
    dice = Dice(seed: seed)
  }

  func isCut(from sender: Int, to receiver: Int) -> Bool { cuts[sender * slots + receiver] > 0 }
  func connection(from sender: Int, to receiver: Int) -> UInt32 { connections[sender * slots + receiver] }

  mutating func cut(from sender: Int, to receiver: Int) { cuts[sender * slots + receiver] += 1 }
  mutating func mend(from sender: Int, to receiver: Int) {
    precondition(isCut(from: sender, to: receiver), "\(sender) to \(receiver) is mended and was not cut")
    cuts[sender * slots + receiver] -= 1
  }

  /// Both ways.
  mutating func breakConnection(_ first: Int, _ second: Int) {
    connections[first * slots + second] += 1
    connections[second * slots + first] += 1
  }

  /// Never, once or twice.
  mutating func arrivals(
    from sender: Int, to receiver: Int, at now: VirtualTime, _ coverage: inout Coverage
  ) -> [VirtualTime] {
    let loss = isHealed ? 0 : lossBursts > 0 ? Self.burstLossPerMille : profile.lossPerMille
    if isCut(from: sender, to: receiver) || dice.chance(perMille: loss) {
      coverage.hit(.lost)
      return []
    }
    var arrivals = [arrival(from: sender, to: receiver, at: now, &coverage)]
    if dice.chance(perMille: isHealed ? 0 : profile.doublePerMille) {
      coverage.hit(.doubled)
      arrivals.append(arrival(from: sender, to: receiver, at: now, &coverage))
    }
    return arrivals
  }

  private mutating func arrival(
    from sender: Int, to receiver: Int, at now: VirtualTime, _ coverage: inout Coverage
  ) -> VirtualTime {
    var time = now + profile.delay + dice.below(profile.jitter)
    if dice.chance(perMille: isHealed ? 0 : profile.latePerMille) { time = time + dice.below(profile.lateness) }
    let link = sender * slots + receiver
    if time < lastArrival[link] {
      if profile.keepsOrder { time = lastArrival[link] } else { coverage.hit(.overtaken) }
    }
    lastArrival[link] = max(lastArrival[link], time)
    return time
  }
}
