/// Joins and leaves, said with a Lamport time: the newest counts, in whatever order they arrive.
extension SerfLayer {
  /// Says that this node is there, as of now.
  mutating func announceJoin() {
    let intent = JoinIntent(time: clock.time, member: name)
    clock.witness(intent.time)
    _ = hear(intent)
    pass(on: .join(intent))
  }

  mutating func announceLeave() -> BroadcastID {
    isLeaving = true
    let intent = LeaveIntent(time: clock.time, member: name, prunes: false)
    clock.increment()
    _ = hear(intent)
    return pass(on: .leave(intent))
  }

  /// In the name of another, which has failed.
  mutating func forceLeave(_ member: MemberName, prunes: Bool) {
    let intent = LeaveIntent(time: clock.time, member: member, prunes: prunes)
    clock.increment()
    _ = hear(intent)
    pass(on: .leave(intent))
  }

  func isWaiting(_ intent: BroadcastID) -> Bool { intentQueue.contains(intent) }

  @discardableResult
  private mutating func pass(on message: SerfMessage) -> BroadcastID {
    let message = SerfCoding.message(message)
    return intentQueue.add(message, bytes: MessageBytes.count(of: message))
  }

  /// Whether it is news.
  mutating func hear(_ join: JoinIntent) -> Bool {
    guard isAcceptable(join.member, join.time) else { return false }
    clock.witness(join.time)
    guard var member = members[join.member] else { return remember(.join, of: join.member, join.time) }
    guard join.time > member.statusTime else { return false }
    member.statusTime = join.time
    // The leave was of an earlier time.
    if member.status == .leaving {
      member.status = .alive
      member.pruneAt = nil
    }
    put(member)
    return true
  }

  mutating func hear(_ leave: LeaveIntent) -> Bool {
    guard isAcceptable(leave.member, leave.time) else { return false }
    clock.witness(leave.time)
    guard var member = members[leave.member] else { return remember(.leave, of: leave.member, leave.time) }
    guard leave.time > member.statusTime else { return false }
    if leave.member == name && !isLeaving {
      announceJoin()
      return false
    }
    // Even when the status stays: else two leaves of one member would be passed on for ever (consul#8179).
    member.statusTime = leave.time
    let previous = member.status
    switch previous {
    case .alive: member.status = .leaving
    case .failed:
      member.status = .left
      member.goneSince = now
    case .leaving, .left: break
    }
    if leave.prunes {
      let time = pruneTime(of: member)
      member.pruneAt = time
      earliestPrune = min(earliestPrune ?? time, time)
    }
    put(member)
    if previous == .failed { report(.left, member) }
    return true
  }

  /// One that is still there is given the time to go.
  private func pruneTime(of member: SerfMember) -> GossipInstant {
    member.status == .leaving ? now + (settings.broadcastTimeout + settings.leavePropagation) : now
  }

  private mutating func remember(_ kind: RecentIntents.Kind, of member: MemberName, _ time: LamportTime) -> Bool {
    let isNew = intents.hear(kind, of: member, time: time, at: now)
    if isNew == nil { counters.overflows += 1 }
    return isNew ?? false
  }

  private mutating func isAcceptable(_ member: MemberName, _ time: LamportTime) -> Bool {
    guard (1...settings.maximumNameBytes).contains(member.text.utf8.count), LamportClock.isPlausible(time) else {
      counters.malformed += 1
      return false
    }
    return true
  }
}
