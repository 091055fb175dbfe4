extension SerfCodec {
  package static func decode(_ bytes: [UInt8]) throws(WireError) -> SerfMessage {
    var reader = MessagePackReader(bytes)
    let type = try reader.byte()
    switch SerfType(rawValue: type) {
    case .leave: return .leave(try decodeLeave(&reader))
    case .join: return .join(try decodeJoin(&reader))
    case .userEvent: return .userEvent(try decodeEvent(&reader))
    case .query: return .query(try decodeQuery(&reader))
    case .queryResponse: return .queryResponse(try decodeResponse(&reader))
    case .pushPull, .conflictResponse, .keyRequest, .keyResponse, .relay, nil:
      return .other(type: type, body: reader.rest())
    }
  }

  private static func decodeLeave(_ reader: inout MessagePackReader) throws(WireError) -> LeaveIntent {
    var intent = LeaveIntent(time: LamportTime(0), member: MemberName(""), prunes: false)
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "LTime": intent.time = try reader.lamportTime()
      case "Node": intent.member = try reader.memberName()
      case "Prune": intent.prunes = try reader.bool()
      default: return false
      }
      return true
    }
    intent.member = try reader.required(intent.member, "Node")
    return intent
  }

  private static func decodeJoin(_ reader: inout MessagePackReader) throws(WireError) -> JoinIntent {
    var intent = JoinIntent(time: LamportTime(0), member: MemberName(""))
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "LTime": intent.time = try reader.lamportTime()
      case "Node": intent.member = try reader.memberName()
      default: return false
      }
      return true
    }
    intent.member = try reader.required(intent.member, "Node")
    return intent
  }

  /// In a state the time is that of the group, and is not in the event.
  static func decodeEvent(_ reader: inout MessagePackReader) throws(WireError) -> UserEvent {
    var event = UserEvent(time: LamportTime(0), name: "", payload: [], coalesces: false)
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "LTime": event.time = try reader.lamportTime()
      case "Name": event.name = try reader.text(limit: WireLimits.eventBytes)
      case "Payload": event.payload = try reader.raw(limit: WireLimits.eventBytes)
      case "CC": event.coalesces = try reader.bool()
      default: return false
      }
      return true
    }
    return event
  }

  private static func decodeQuery(_ reader: inout MessagePackReader) throws(WireError) -> Query {
    var query = Query(
      time: LamportTime(0), id: 0, source: GossipAddress(bytes: [], port: 0), sourceName: nil, filters: [], flags: [],
      relayFactor: 0, timeout: 0, name: "", payload: [])
    var source = AddressFields()
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "LTime": query.time = try reader.lamportTime()
      case "ID": query.id = try reader.number(UInt32.self)
      case "Addr": source.bytes = try reader.raw(limit: 16)
      case "Port": source.port = try reader.number(UInt16.self)
      case "SourceNode": query.sourceName = try reader.optionalMemberName()
      case "Filters": query.filters = try reader.filters()
      case "Flags": query.flags = Query.Flags(rawValue: try reader.number(UInt32.self))
      case "RelayFactor": query.relayFactor = try reader.number(UInt8.self)
      case "Timeout": query.timeout = try reader.number(UInt64.self)
      case "Name": query.name = try reader.text(limit: WireLimits.nameBytes)
      case "Payload": query.payload = try reader.raw(limit: WireLimits.packetBytes)
      default: return false
      }
      return true
    }
    query.source = try source.address("Addr", reader)
    return query
  }

  private static func decodeResponse(_ reader: inout MessagePackReader) throws(WireError) -> QueryResponse {
    var response = QueryResponse(time: LamportTime(0), id: 0, from: MemberName(""), flags: 0, payload: [])
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "LTime": response.time = try reader.lamportTime()
      case "ID": response.id = try reader.number(UInt32.self)
      case "From": response.from = try reader.memberName()
      case "Flags": response.flags = try reader.number(UInt32.self)
      case "Payload": response.payload = try reader.raw(limit: WireLimits.packetBytes)
      default: return false
      }
      return true
    }
    return response
  }
}

extension MessagePackReader {
  mutating func lamportTime() throws(WireError) -> LamportTime { LamportTime(try number(UInt64.self)) }

  fileprivate mutating func filters() throws(WireError) -> [[UInt8]] {
    var filters: [[UInt8]] = []
    for _ in 0..<(try arrayCount(limit: WireLimits.filters)) {
      let filter = try raw(limit: WireLimits.packetBytes)
      // Agents of Serf look at its first byte without asking whether it has one: passed on, it would end them.
      guard !filter.isEmpty else { throw error(.invalidField(field: "Filters", why: "holds an empty filter")) }
      filters.append(filter)
    }
    return filters
  }
}
