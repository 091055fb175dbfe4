/// Reads the one message of a stream out of its bytes, whole or as they come.
///
/// A state in plaintext does not say how long it is: what was read of it is kept, and nothing is read twice but the
/// value at the end. That value says how many bytes it lacks, so that a sender of single bytes costs no more than
/// others.
struct StreamReader: Sendable {
  private var state = State.type
  private var position = 0
  private var pushPull = PushPull(isJoin: false, members: [], userState: [])

  private enum State: Sendable {
    case type
    case body(MemberlistType)
    case members(left: Int, userBytes: Int)
  }

  /// - Throws: `incomplete` where more bytes may help; then again, with them behind the same bytes.
  mutating func read(_ bytes: [UInt8]) throws(WireError) -> StreamMessage {
    while true {
      var reader = MessagePackReader(bytes, in: position..<bytes.count)
      let message = try step(&reader)
      position = reader.position
      if let message { return message }
    }
  }

  private mutating func step(_ reader: inout MessagePackReader) throws(WireError) -> StreamMessage? {
    switch state {
    case .type:
      let byte = try reader.byte()
      guard let type = MemberlistType(rawValue: byte) else {
        throw WireError(.unknownMessage(type: byte), at: reader.position - 1)
      }
      state = .body(type)
      return nil
    case .body(let type): return try readBody(type, &reader)
    case .members(0, let userBytes):
      pushPull.userState = try reader.take(userBytes)
      return .pushPull(pushPull)
    case .members(let left, let userBytes):
      pushPull.members.append(try MemberlistCodec.decodeMemberFields(&reader, nameField: "Name"))
      state = .members(left: left - 1, userBytes: userBytes)
      return nil
    }
  }

  private mutating func readBody(
    _ type: MemberlistType, _ reader: inout MessagePackReader
  ) throws(WireError) -> StreamMessage? {
    switch type {
    case .ping: return .ping(try MemberlistCodec.decodePing(&reader))
    case .ack: return .ack(try MemberlistCodec.decodeAck(&reader))
    case .pushPull:
      let header = try readHeader(&reader)
      pushPull.isJoin = header.isJoin
      state = .members(left: header.members, userBytes: header.userBytes)
      return nil
    case .user: return .user(try readUserMessage(&reader))
    case .error: return .error(try readError(&reader))
    case .labelled: throw reader.error(.labelled)
    case .indirectPing, .suspect, .alive, .dead, .compound, .compressed, .encrypted, .nack, .checksummed:
      throw reader.error(.nested(type: type.rawValue))
    }
  }

  private func readHeader(
    _ reader: inout MessagePackReader
  ) throws(WireError) -> (isJoin: Bool, members: Int, userBytes: Int) {
    var isJoin = false
    var members = 0
    var userBytes = 0
    try reader.fields { (name, reader) throws(WireError) in
      switch name {
      case "Join": isJoin = try reader.bool()
      case "Nodes": members = try reader.count(limit: WireLimits.members)
      case "UserStateLen": userBytes = try reader.count(limit: WireLimits.streamBytes)
      default: return false
      }
      return true
    }
    return (isJoin, members, userBytes)
  }

  private func readUserMessage(_ reader: inout MessagePackReader) throws(WireError) -> [UInt8] {
    var count = 0
    try reader.fields { (name, reader) throws(WireError) in
      guard name == "UserMsgLen" else { return false }
      count = try reader.count(limit: WireLimits.streamBytes)
      return true
    }
    return try reader.take(count)
  }

  private func readError(_ reader: inout MessagePackReader) throws(WireError) -> String {
    var text = ""
    try reader.fields { (name, reader) throws(WireError) in
      guard name == "Error" else { return false }
      text = try reader.text(limit: WireLimits.packetBytes)
      return true
    }
    return text
  }
}

extension MessagePackReader {
  mutating func count(limit: Int) throws(WireError) -> Int {
    let start = position
    let number = try number(UInt64.self)
    guard number <= UInt64(limit) else {
      throw WireError(.tooLong(count: Int(clamping: number), limit: limit), at: start)
    }
    return Int(number)
  }
}
