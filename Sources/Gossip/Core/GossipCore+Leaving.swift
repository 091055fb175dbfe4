/// How far a leave is: Serf's intent first, so that nobody takes the end for a failure, then memberlist's death by
/// the member's own word, then a while in which both spread.
enum Departure: Hashable, Sendable {
  case staying
  case announcing(BroadcastID, until: GossipInstant)
  case dying(BroadcastID, until: GossipInstant)
  case spreading(until: GossipInstant)
  case left

  var hasBegun: Bool { self != .staying }

  /// Whether this node said that it is dead.
  var hasLeft: Bool {
    switch self {
    case .staying, .announcing: false
    case .dying, .spreading, .left: true
    }
  }

  var deadline: GossipInstant? {
    switch self {
    case .staying, .left: nil
    case .announcing(_, let end), .dying(_, let end), .spreading(let end): end
    }
  }
}

extension GossipCore {
  /// A second one changes nothing.
  mutating func beginLeaving() {
    guard departure == .staying else { return }
    let intent = serf.announceLeave()
    departure = .announcing(intent, until: hasOthers ? now + settings.broadcastTimeout : now)
    runDeparture()
  }

  /// Steps on when a message has been sent as often as it is to be, or in time.
  mutating func runDeparture() {
    if case .announcing(let intent, let end) = departure, end <= now || !serf.isWaiting(intent) { die() }
    if case .dying(let death, let end) = departure, end <= now || !broadcasts.contains(death) {
      departure = .spreading(until: hasOthers ? now + settings.leavePropagation : now)
    }
    if case .spreading(let end) = departure, end <= now {
      departure = .left
      // The last thing that a shell is told.
      actions += serf.takeActions()
      actions.append(.left)
    }
  }

  private mutating func die() {
    var own = own
    own.state = .left
    own.since = now
    put(own)
    let id = broadcastDeath()
    departure = .dying(id, until: hasOthers ? now + settings.broadcastTimeout : now)
    serf.disappeared(own)
  }

  @discardableResult
  private mutating func broadcastDeath() -> BroadcastID {
    let death = MemberlistMessage.dead(Death(incarnation: own.incarnation, member: name, from: name))
    return broadcasts.add(death, bytes: MessageBytes.count(of: death), about: name)
  }

  /// A node that has left says so as long as it stays: in a small cluster the few times that a message is sent may
  /// all be lost.
  mutating func repeatDeath() {
    if case .spreading = departure { broadcastDeath() }
  }

  private var hasOthers: Bool { members.records.contains { !$0.isGone && $0.name != name } }

  /// Serf's force-leave.
  mutating func remove(_ member: MemberName, prunes: Bool) {
    guard !departure.hasBegun else { return refuse(.leaving) }
    guard serf.knows(member) else { return refuse(.unknownMember(member)) }
    serf.forceLeave(member, prunes: prunes)
  }
}
