/// Messages of memberlist as bytes: a type, and a msgpack map with the names of Go's fields as keys.
package enum MemberlistCodec {
  /// Of a packet of several messages, and of each message in it, beside the messages.
  package static let compoundOverhead = 2
  package static let compoundPartOverhead = 2
  package static let maximumParts = 255
  /// What the checksum adds to a packet.
  package static let checksumOverhead = 5

  /// Fields are in the order of their names, as Go writes them.
  package static func encode(_ message: MemberlistMessage) -> [UInt8] {
    switch message {
    case .ping(let ping): encode(ping)
    case .indirectPing(let ping): encode(ping)
    case .ack(let ack): encode(ack)
    case .nack(let number): encode(nack: number)
    case .suspect(let suspicion):
      encode(.suspect, suspicion.incarnation, member: suspicion.member, from: suspicion.from)
    case .alive(let alive): encode(alive)
    case .dead(let death): encode(.dead, death.incarnation, member: death.member, from: death.from)
    case .user(let body): [MemberlistType.user.rawValue] + body
    }
  }

  static func encode(_ ping: Ping) -> [UInt8] {
    var writer = MessagePackWriter(type: MemberlistType.ping.rawValue)
    let count = sourceFields(ping.source, ping.sourceName)
    writer.map(count: 2 + count)
    writer.write("Node")
    writer.write(ping.target.text)
    writer.write("SeqNo")
    writer.write(ping.number.value)
    writer.writeSource(ping.source, ping.sourceName)
    return writer.bytes
  }

  private static func encode(_ ping: IndirectPing) -> [UInt8] {
    var writer = MessagePackWriter(type: MemberlistType.indirectPing.rawValue)
    writer.map(count: 5 + sourceFields(ping.source, ping.sourceName))
    writer.write("Nack")
    writer.write(ping.wantsNack)
    writer.write("Node")
    writer.write(ping.target.text)
    writer.write("Port")
    writer.write(ping.address.port)
    writer.write("SeqNo")
    writer.write(ping.number.value)
    writer.writeSource(ping.source, ping.sourceName)
    writer.write("Target")
    writer.write(ping.address.bytes)
    return writer.bytes
  }

  private static func sourceFields(_ source: GossipAddress?, _ name: MemberName?) -> Int {
    (source == nil ? 0 : 2) + (name == nil ? 0 : 1)
  }

  static func encode(_ ack: Ack) -> [UInt8] {
    var writer = MessagePackWriter(type: MemberlistType.ack.rawValue)
    writer.map(count: 2)
    writer.write("Payload")
    writer.write(ack.payload)
    writer.write("SeqNo")
    writer.write(ack.number.value)
    return writer.bytes
  }

  private static func encode(nack number: ProbeNumber) -> [UInt8] {
    var writer = MessagePackWriter(type: MemberlistType.nack.rawValue, reserving: 16)
    writer.map(count: 1)
    writer.write("SeqNo")
    writer.write(number.value)
    return writer.bytes
  }

  private static func encode(
    _ type: MemberlistType, _ incarnation: Incarnation, member: MemberName, from: MemberName
  ) -> [UInt8] {
    var writer = MessagePackWriter(type: type.rawValue)
    writer.map(count: 3)
    writer.write("From")
    writer.write(from.text)
    writer.write("Incarnation")
    writer.write(incarnation.value)
    writer.write("Node")
    writer.write(member.text)
    return writer.bytes
  }

  private static func encode(_ alive: Alive) -> [UInt8] {
    var writer = MessagePackWriter(type: MemberlistType.alive.rawValue, reserving: 128 + alive.meta.count)
    writer.map(count: 6)
    writer.write("Addr")
    writer.write(alive.address.bytes)
    writer.write("Incarnation")
    writer.write(alive.incarnation.value)
    writer.write("Meta")
    writer.write(alive.meta)
    writer.write("Node")
    writer.write(alive.member.text)
    writer.write("Port")
    writer.write(alive.address.port)
    writer.write("Vsn")
    writer.write(alive.versions.bytes)
    return writer.bytes
  }
}

extension MessagePackWriter {
  mutating func writeSource(_ source: GossipAddress?, _ name: MemberName?) {
    if let source {
      write("SourceAddr")
      write(source.bytes)
    }
    if let name {
      write("SourceNode")
      write(name.text)
    }
    if let source {
      write("SourcePort")
      write(source.port)
    }
  }
}

extension ProtocolVersions {
  var bytes: [UInt8] { [minimum, maximum, current, userMinimum, userMaximum, userCurrent] }
}
