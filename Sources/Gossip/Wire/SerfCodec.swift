/// Messages of Serf as bytes: what a user message of memberlist carries.
package enum SerfCodec {
  /// Fields are in the order of Serf's declarations, of which none depends on another.
  package static func encode(_ message: SerfMessage) -> [UInt8] {
    switch message {
    case .leave(let intent): encode(intent)
    case .join(let intent): encode(intent)
    case .userEvent(let event): encode(event)
    case .query(let query): encode(query)
    case .queryResponse(let response): encode(response)
    case .other(let type, let body): [type] + body
    }
  }

  private static func encode(_ intent: LeaveIntent) -> [UInt8] {
    var writer = MessagePackWriter(type: SerfType.leave.rawValue)
    writer.map(count: 3)
    writer.write("LTime")
    writer.write(intent.time.value)
    writer.write("Node")
    writer.write(intent.member.text)
    writer.write("Prune")
    writer.write(intent.prunes)
    return writer.bytes
  }

  private static func encode(_ intent: JoinIntent) -> [UInt8] {
    var writer = MessagePackWriter(type: SerfType.join.rawValue)
    writer.map(count: 2)
    writer.write("LTime")
    writer.write(intent.time.value)
    writer.write("Node")
    writer.write(intent.member.text)
    return writer.bytes
  }

  private static func encode(_ event: UserEvent) -> [UInt8] {
    var writer = MessagePackWriter(type: SerfType.userEvent.rawValue, reserving: 64 + event.payload.count)
    writer.map(count: 4)
    writer.write("CC")
    writer.write(event.coalesces)
    writer.write("LTime")
    writer.write(event.time.value)
    writer.write("Name")
    writer.write(event.name)
    writer.write("Payload")
    writer.write(event.payload)
    return writer.bytes
  }

  private static func encode(_ query: Query) -> [UInt8] {
    var writer = MessagePackWriter(type: SerfType.query.rawValue, reserving: 192 + query.payload.count)
    writer.map(count: 11)
    writer.write("Addr")
    writer.write(query.source.bytes)
    writer.write("Filters")
    writer.array(count: query.filters.count)
    for filter in query.filters { writer.write(filter) }
    writer.write("Flags")
    writer.write(query.flags.rawValue)
    writer.write("ID")
    writer.write(query.id)
    writer.write("LTime")
    writer.write(query.time.value)
    writer.write("Name")
    writer.write(query.name)
    writer.write("Payload")
    writer.write(query.payload)
    writer.write("Port")
    writer.write(query.source.port)
    writer.write("RelayFactor")
    writer.write(query.relayFactor)
    writer.write("SourceNode")
    writer.write(query.sourceName?.text ?? "")
    writer.write("Timeout")
    writer.write(query.timeout)
    return writer.bytes
  }

  private static func encode(_ response: QueryResponse) -> [UInt8] {
    var writer = MessagePackWriter(type: SerfType.queryResponse.rawValue, reserving: 96 + response.payload.count)
    writer.map(count: 5)
    writer.write("Flags")
    writer.write(response.flags)
    writer.write("From")
    writer.write(response.from.text)
    writer.write("ID")
    writer.write(response.id)
    writer.write("LTime")
    writer.write(response.time.value)
    writer.write("Payload")
    writer.write(response.payload)
    return writer.bytes
  }
}
