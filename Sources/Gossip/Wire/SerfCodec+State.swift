extension SerfCodec {
  /// Of a push/pull. In an order of its own, so that the same state is always the same bytes.
  package static func encode(_ state: SerfState) -> [UInt8] {
    var writer = MessagePackWriter(type: SerfType.pushPull.rawValue, reserving: 128 + 32 * state.statusTimes.count)
    writer.map(count: 6)
    writer.write("EventLTime")
    writer.write(state.eventTime.value)
    writer.write("Events")
    encode(state.events, into: &writer)
    writer.write("LTime")
    writer.write(state.time.value)
    writer.write("LeftMembers")
    writer.array(count: state.leftMembers.count)
    for member in state.leftMembers { writer.write(member.text) }
    writer.write("QueryLTime")
    writer.write(state.queryTime.value)
    writer.write("StatusLTimes")
    writer.map(count: state.statusTimes.count)
    for (member, time) in state.statusTimes.sorted(by: { $0.key < $1.key }) {
      writer.write(member.text)
      writer.write(time.value)
    }
    return writer.bytes
  }

  private static func encode(_ events: [LamportTime: [UserEvent]], into writer: inout MessagePackWriter) {
    writer.array(count: events.count)
    for (time, group) in events.sorted(by: { $0.key < $1.key }) {
      writer.map(count: 2)
      writer.write("Events")
      writer.array(count: group.count)
      for event in group {
        writer.map(count: 2)
        writer.write("Name")
        writer.write(event.name)
        writer.write("Payload")
        writer.write(event.payload)
      }
      writer.write("LTime")
      writer.write(time.value)
    }
  }

  package static func decodeState(_ bytes: [UInt8]) throws(WireError) -> SerfState {
    var reader = MessagePackReader(bytes)
    let type = try reader.byte()
    guard type == SerfType.pushPull.rawValue else { throw WireError(.unknownMessage(type: type), at: 0) }
    var state = SerfState(
      time: LamportTime(0), statusTimes: [:], leftMembers: [], eventTime: LamportTime(0), events: [:],
      queryTime: LamportTime(0))
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "LTime": state.time = try reader.lamportTime()
      case "StatusLTimes": state.statusTimes = try decodeTimes(&reader)
      case "LeftMembers": state.leftMembers = try decodeMembers(&reader)
      case "EventLTime": state.eventTime = try reader.lamportTime()
      case "Events": state.events = try decodeEvents(&reader)
      case "QueryLTime": state.queryTime = try reader.lamportTime()
      default: return false
      }
      return true
    }
    return state
  }

  private static func decodeTimes(
    _ reader: inout MessagePackReader
  ) throws(WireError) -> [MemberName: LamportTime] {
    var times: [MemberName: LamportTime] = [:]
    for _ in 0..<(try reader.mapCount(limit: WireLimits.members)) {
      let member = try reader.memberName()
      times[member] = try reader.lamportTime()
    }
    return times
  }

  private static func decodeMembers(_ reader: inout MessagePackReader) throws(WireError) -> [MemberName] {
    var members: [MemberName] = []
    for _ in 0..<(try reader.arrayCount(limit: WireLimits.members)) { members.append(try reader.memberName()) }
    return members
  }

  /// Serf sends its whole ring of moments, with nil where there was no event.
  private static func decodeEvents(
    _ reader: inout MessagePackReader
  ) throws(WireError) -> [LamportTime: [UserEvent]] {
    var events: [LamportTime: [UserEvent]] = [:]
    for _ in 0..<(try reader.arrayCount(limit: WireLimits.eventTimes)) {
      guard try reader.peek() != 0xc0 else {
        try reader.skip(1)
        continue
      }
      let (time, group) = try decodeEventGroup(&reader)
      events[time, default: []] += group
    }
    return events
  }

  private static func decodeEventGroup(
    _ reader: inout MessagePackReader
  ) throws(WireError) -> (LamportTime, [UserEvent]) {
    var time = LamportTime(0)
    var group: [UserEvent] = []
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "LTime": time = try reader.lamportTime()
      case "Events":
        for _ in 0..<(try reader.arrayCount(limit: WireLimits.eventsOfOneTime)) {
          group.append(try decodeEvent(&reader))
        }
      default: return false
      }
      return true
    }
    for index in group.indices { group[index].time = time }
    return (time, group)
  }
}
