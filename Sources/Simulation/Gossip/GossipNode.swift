internal import Gossip

/// A node of the simulated cluster: the core, and the process around it that can be stopped, slow, or gone.
struct GossipNode {
  enum Process: Hashable {
    case running, down
    /// Said that it leaves, and is stopped when it has.
    case leaving
    case left
  }

  let index: Int
  var core: GossipCore
  var process = Process.down
  /// Counts the starts of the node: what was meant for an earlier life is lost.
  var life = 0
  /// Until then nothing of the process runs.
  var pausedUntil: VirtualTime?
  /// What came meanwhile, as a socket keeps it.
  var held: [GossipEvent] = []
  /// Until then packets wait so long before they are read.
  var slowUntil = VirtualTime.zero
  var slowness: UInt64 = 0
  /// Until then what comes in and goes out waits, while timers run (the Lifeguard paper's anomaly).
  var blockedUntil = VirtualTime.zero
  var heldOut: [GossipAction] = []
  var timerAt: VirtualTime?

  // For the checks.
  /// The last time at which something was wrong with it.
  var disturbedUntil = VirtualTime.zero
  var crashedAt: VirtualTime?
  var leftAt: VirtualTime?
  var highestIncarnation = Incarnation(0)
  /// What it knew of each other after the last step.
  var views: [View?]

  struct View: Hashable {
    var incarnation: Incarnation
    var state: MemberSummary.State
    /// When the state was first seen.
    var since: VirtualTime

    /// memberlist remembers the gone for a while; then they are like new.
    func mayBeForgotten(at now: VirtualTime, _ settings: GossipSettings) -> Bool {
      guard state == .dead || state == .left else { return false }
      return now.nanoseconds - since.nanoseconds >= UInt64(settings.gossipToTheDead / .nanoseconds(1))
    }
  }

  var isUp: Bool { process == .running || process == .leaving }

  static func name(_ index: Int) -> MemberName { MemberName("n\(index)") }

  static func address(_ index: Int) -> GossipAddress {
    GossipAddress(bytes: [10, 0, UInt8(index / 250), UInt8(1 + index % 250)], port: 7946)
  }

  static func index(of address: GossipAddress) -> Int? {
    guard address.bytes.count == 4, address.bytes[0] == 10, address.bytes[1] == 0 else { return nil }
    return Int(address.bytes[2]) * 250 + Int(address.bytes[3]) - 1
  }

  /// Of `n17`, which every name is that a core knows.
  static func index(of name: MemberName) -> Int? { Int(name.text.dropFirst()) }
}
