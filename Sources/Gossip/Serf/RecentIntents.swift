/// Joins and leaves of members that this node does not know yet: gossip may bring them before the member.
struct RecentIntents: Sendable {
  enum Kind: Hashable, Sendable {
    case join, leave
  }

  struct Intent: Hashable, Sendable {
    let kind: Kind
    let time: LamportTime
    let heard: GossipInstant
  }

  private var intents: [MemberName: Intent] = [:]
  let maximum: Int

  init(maximum: Int) {
    self.maximum = maximum
  }

  var count: Int { intents.count }

  subscript(name: MemberName) -> Intent? { intents[name] }

  /// Whether that is news, and to be passed on; nil when there is no room for it.
  mutating func hear(_ kind: Kind, of name: MemberName, time: LamportTime, at now: GossipInstant) -> Bool? {
    if let known = intents[name] {
      guard time > known.time else { return false }
    } else if intents.count >= maximum {
      return nil
    }
    intents[name] = Intent(kind: kind, time: time, heard: now)
    return true
  }

  mutating func forget(olderThan age: Duration, at now: GossipInstant) {
    intents = intents.filter { now.since($0.value.heard) <= age }
  }
}
