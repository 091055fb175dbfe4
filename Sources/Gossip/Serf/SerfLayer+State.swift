/// What Serf tells with memberlist's state.
extension SerfLayer {
  var state: SerfState {
    SerfState(
      time: clock.time, statusTimes: members.mapValues(\.statusTime),
      leftMembers: members.values.filter { $0.status == .left }.map(\.name).sorted(), eventTime: eventClock.time,
      events: Dictionary(uniqueKeysWithValues: events.all.map { ($0.time, $0.messages) }), queryTime: queryClock.time)
  }

  mutating func merge(_ bytes: [UInt8]) {
    guard let state = SerfCoding.decodeState(bytes) else {
      counters.malformed += 1
      return
    }
    // Nothing was said yet at the time of a clock.
    clock.witness(state.time.preceding)
    eventClock.witness(state.eventTime.preceding)
    queryClock.witness(state.queryTime.preceding)
    mergeStatus(state)
    for (time, events) in state.events.sorted(by: { $0.key < $1.key }) {
      for var event in events {
        event.time = time
        hearAgain(event)
      }
    }
  }

  /// First who left. The time of the leave is not told, only the one that counted before: it was after.
  private mutating func mergeStatus(_ state: SerfState) {
    let left = Set(state.leftMembers)
    for member in state.leftMembers {
      let time = state.statusTimes[member] ?? LamportTime(0)
      guard LamportClock.isPlausible(time) else { continue }
      _ = hear(LeaveIntent(time: time.following, member: member, prunes: false))
    }
    for (member, time) in state.statusTimes.sorted(by: { $0.key < $1.key }) where !left.contains(member) {
      _ = hear(JoinIntent(time: time, member: member))
    }
  }
}

extension LamportTime {
  var preceding: Self { value == 0 ? self : Self(value - 1) }
  var following: Self { value == .max ? self : Self(value + 1) }
}
