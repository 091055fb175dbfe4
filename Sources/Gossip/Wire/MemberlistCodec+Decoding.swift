extension MemberlistCodec {
  /// A message whose type was read.
  static func decode(
    _ type: MemberlistType, _ reader: inout MessagePackReader
  ) throws(WireError) -> MemberlistMessage {
    switch type {
    case .ping: return .ping(try decodePing(&reader))
    case .indirectPing: return .indirectPing(try decodeIndirectPing(&reader))
    case .ack: return .ack(try decodeAck(&reader))
    case .nack: return .nack(try decodeNack(&reader))
    case .suspect:
      let (incarnation, member, from) = try decodeAccusation(&reader)
      return .suspect(Suspicion(incarnation: incarnation, member: member, from: from))
    case .alive: return .alive(try decodeAlive(&reader))
    case .dead:
      let (incarnation, member, from) = try decodeAccusation(&reader)
      return .dead(Death(incarnation: incarnation, member: member, from: from))
    case .user: return .user(reader.rest())
    case .pushPull, .compound, .compressed, .encrypted, .checksummed, .error, .labelled:
      throw reader.error(.nested(type: type.rawValue))
    }
  }

  static func decodePing(_ reader: inout MessagePackReader) throws(WireError) -> Ping {
    var number: UInt32 = 0
    var target = MemberName("")
    var source = AddressFields()
    var sourceName: MemberName?
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "SeqNo": number = try reader.number(UInt32.self)
      case "Node": target = try reader.memberName()
      case "SourceAddr": source.bytes = try reader.raw(limit: 16)
      case "SourcePort": source.port = try reader.number(UInt16.self)
      case "SourceNode": sourceName = try reader.optionalMemberName()
      default: return false
      }
      return true
    }
    return Ping(
      number: ProbeNumber(number), target: target, source: try source.optionalAddress("SourceAddr", reader),
      sourceName: sourceName)
  }

  private static func decodeIndirectPing(_ reader: inout MessagePackReader) throws(WireError) -> IndirectPing {
    var number: UInt32 = 0
    var target = MemberName("")
    var wantsNack = false
    var address = AddressFields()
    var source = AddressFields()
    var sourceName: MemberName?
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "SeqNo": number = try reader.number(UInt32.self)
      case "Node": target = try reader.memberName()
      case "Target": address.bytes = try reader.raw(limit: 16)
      case "Port": address.port = try reader.number(UInt16.self)
      case "Nack": wantsNack = try reader.bool()
      case "SourceAddr": source.bytes = try reader.raw(limit: 16)
      case "SourcePort": source.port = try reader.number(UInt16.self)
      case "SourceNode": sourceName = try reader.optionalMemberName()
      default: return false
      }
      return true
    }
    return IndirectPing(
      number: ProbeNumber(number), target: target, address: try address.address("Target", reader),
      wantsNack: wantsNack, source: try source.optionalAddress("SourceAddr", reader), sourceName: sourceName)
  }

  static func decodeAck(_ reader: inout MessagePackReader) throws(WireError) -> Ack {
    var ack = Ack(number: ProbeNumber(0))
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "SeqNo": ack.number.value = try reader.number(UInt32.self)
      case "Payload": ack.payload = try reader.raw(limit: WireLimits.packetBytes)
      default: return false
      }
      return true
    }
    return ack
  }

  private static func decodeNack(_ reader: inout MessagePackReader) throws(WireError) -> ProbeNumber {
    var number: UInt32 = 0
    try reader.fields { (name, reader) throws(WireError) in
      guard name == "SeqNo" else { return false }
      number = try reader.number(UInt32.self)
      return true
    }
    return ProbeNumber(number)
  }

  /// A suspicion or a death.
  private static func decodeAccusation(
    _ reader: inout MessagePackReader
  ) throws(WireError) -> (Incarnation, member: MemberName, from: MemberName) {
    var incarnation: UInt32 = 0
    var member = MemberName("")
    var from = MemberName("")
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "Incarnation": incarnation = try reader.number(UInt32.self)
      case "Node": member = try reader.memberName()
      case "From": from = try reader.memberName()
      default: return false
      }
      return true
    }
    return (Incarnation(incarnation), try reader.required(member, "Node"), from)
  }

  private static func decodeAlive(_ reader: inout MessagePackReader) throws(WireError) -> Alive {
    let fields = try decodeMemberFields(&reader, nameField: "Node")
    return Alive(
      incarnation: fields.incarnation, member: fields.member, address: fields.address, meta: fields.meta,
      versions: fields.versions)
  }

  /// What an alive message and a member of a push/pull say, which differ in the name of the name.
  static func decodeMemberFields(
    _ reader: inout MessagePackReader, nameField: String
  ) throws(WireError) -> MemberSummary {
    var incarnation: UInt32 = 0
    var member = MemberName("")
    var address = AddressFields()
    var meta: [UInt8] = []
    var state = MemberSummary.State.alive
    var versions: [UInt8] = []
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case nameField: member = try reader.memberName()
      case "Incarnation": incarnation = try reader.number(UInt32.self)
      case "Addr": address.bytes = try reader.raw(limit: 16)
      case "Port": address.port = try reader.number(UInt16.self)
      case "Meta": meta = try reader.raw(limit: WireLimits.metaBytes)
      case "State": state = try reader.memberState()
      case "Vsn": versions = try reader.raw(limit: 255)
      default: return false
      }
      return true
    }
    return MemberSummary(
      member: try reader.required(member, nameField), address: try address.address("Addr", reader), meta: meta,
      incarnation: Incarnation(incarnation), state: state, versions: ProtocolVersions(bytes: versions))
  }
}

/// An address as two fields, of which either may come first.
struct AddressFields {
  var bytes: [UInt8] = []
  var port: UInt16 = 0

  func address(_ field: String, _ reader: MessagePackReader) throws(WireError) -> GossipAddress {
    guard bytes.count == 4 || bytes.count == 16 else {
      throw reader.error(.invalidField(field: field, why: "has \(bytes.count) bytes where an IP address has 4 or 16"))
    }
    // Go keeps an IPv4 address in either form; here it has one, so that addresses can be compared.
    let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
    return GossipAddress(bytes: bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes, port: port)
  }

  /// As memberlist does: without a port there is no address.
  func optionalAddress(_ field: String, _ reader: MessagePackReader) throws(WireError) -> GossipAddress? {
    bytes.isEmpty || port == 0 ? nil : try address(field, reader)
  }
}

extension ProtocolVersions {
  /// What is missing is zero.
  init(bytes: [UInt8]) {
    let all = bytes.prefix(6) + Array(repeating: 0, count: max(0, 6 - bytes.count))
    self.init(
      minimum: all[0], maximum: all[1], current: all[2], userMinimum: all[3], userMaximum: all[4], userCurrent: all[5])
  }
}

extension MessagePackReader {
  mutating func memberName() throws(WireError) -> MemberName { MemberName(try text(limit: WireLimits.nameBytes)) }

  mutating func optionalMemberName() throws(WireError) -> MemberName? {
    let name = try memberName()
    return name.text.isEmpty ? nil : name
  }

  mutating func memberState() throws(WireError) -> MemberSummary.State {
    let number = try number(UInt64.self)
    guard let state = UInt8(exactly: number).flatMap(MemberSummary.State.init) else {
      throw error(
        .invalidField(field: "State", why: "is \(number), and members are alive 0, suspect 1, dead 2 or left 3"))
    }
    return state
  }

  func required(_ name: MemberName, _ field: String) throws(WireError) -> MemberName {
    guard !name.text.isEmpty else { throw error(.missing(field: field)) }
    return name
  }
}
