package import Gossip

/// What goes wrong in a run, drawn from its seed.
package struct GossipPlan: Sendable {
  package enum Fault: Hashable, Sendable {
    case crash(node: Int)
    /// Another life of the node, with empty hands.
    case restart(node: Int)
    /// Its process is stopped: neither packets nor timers.
    case pause(node: Int, milliseconds: UInt64)
    /// Each packet waits before it is read.
    case slow(node: Int, byMilliseconds: UInt64, forMilliseconds: UInt64)
    /// Those whose bit is set are cut off from the others.
    case partition(side: UInt64, milliseconds: UInt64)
    case leave(node: Int)
    case update(node: Int)
    /// Somebody says that the name of that node is at another address.
    case impostor(node: Int)
    /// An operator says that a node that crashed is gone.
    case remove(node: Int)
  }

  package struct Planned: Hashable, Sendable {
    package var milliseconds: UInt64
    package var fault: Fault
  }

  package var seed: UInt64
  package var nodes: Int
  package var lossPerMille: Int
  package var duplicatesPerMille: Int
  package var maximumDelayMicroseconds: UInt64
  package var faults: [Planned]
  /// When everything heals, and nodes are given ``settleMilliseconds`` to agree.
  package var faultsEndMilliseconds: UInt64
  package var settleMilliseconds: UInt64 = 240_000
  package var settings = GossipSettings.lan
  /// Whether false failures are only counted, as an experiment does that is to show them.
  package var isExperiment = false

  /// Whether only the network loses packets, and nodes crash: then nobody may be taken for dead that is not.
  package var isLossOnly: Bool {
    !isExperiment
      && faults.allSatisfy {
        switch $0.fault {
        case .crash, .restart, .leave, .update, .impostor, .remove: true
        case .pause, .slow, .partition: false
        }
      }
  }

  /// - Parameter maximumNodes: at most 64.
  package init(seed: UInt64, maximumNodes: Int = 16) {
    var dice = Dice(seed: seed)
    self.seed = seed
    nodes = dice.within(3...min(max(maximumNodes, 3), 64))
    lossPerMille = dice.chance(perMille: 250) ? 0 : dice.within(10...200)
    duplicatesPerMille = dice.chance(perMille: 500) ? 0 : dice.within(1...50)
    maximumDelayMicroseconds = dice.within(UInt64(500)...UInt64(40_000))
    faultsEndMilliseconds = dice.within(UInt64(40_000)...UInt64(120_000))
    faults = []
    // Some kinds of faults only, so that one does not hide what another would show.
    let kinds = Self.kinds.filter { _ in dice.chance(perMille: 400) }
    guard !kinds.isEmpty else { return }
    for _ in 0..<dice.within(1...8) { addFault(of: dice.pick(kinds) ?? 0, &dice) }
    faults.sort { $0.milliseconds < $1.milliseconds }
  }

  private static let kinds = [0, 1, 2, 3, 4, 5, 6, 7]

  private mutating func addFault(of kind: Int, _ dice: inout Dice) {
    let time = dice.within(UInt64(12_000)...faultsEndMilliseconds - 5000)
    let node = dice.below(nodes)
    let length = dice.within(UInt64(500)...UInt64(40_000))
    switch kind {
    case 0: add(.crash(node: node), at: time)
    case 1:
      add(.crash(node: node), at: time)
      add(.restart(node: node), at: time + length)
    case 2: add(.pause(node: node, milliseconds: length), at: time)
    case 3:
      add(.slow(node: node, byMilliseconds: dice.within(UInt64(50)...UInt64(4000)), forMilliseconds: length), at: time)
    case 4: add(.partition(side: dice.next() | 1 << UInt64(node), milliseconds: length * 2), at: time)
    case 5: add(.leave(node: node), at: time)
    case 6: add(.update(node: node), at: time)
    default:
      add(.impostor(node: node), at: time)
      if dice.chance(perMille: 500) {
        add(.crash(node: node), at: time + 1000)
        add(.remove(node: node), at: time + length + 10_000)
      }
    }
  }

  private mutating func add(_ fault: Fault, at milliseconds: UInt64) {
    faults.append(Planned(milliseconds: milliseconds, fault: fault))
  }
}
