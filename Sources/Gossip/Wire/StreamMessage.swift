/// A message of memberlist over TCP: one to open a stream, and one that answers it.
package enum StreamMessage: Hashable, Sendable {
  case ping(Ping)
  case ack(Ack)
  case pushPull(PushPull)
  /// As in a packet, for what is too long for one.
  case user([UInt8])
  /// Why the other side does not answer.
  case error(String)
}

extension MemberlistCodec {
  /// Compressed where that is shorter, as memberlist does it; not encrypted.
  package static func encode(stream message: StreamMessage) -> [UInt8] {
    switch message {
    case .ping(let ping): encode(ping)
    case .ack(let ack): encode(ack)
    case .pushPull(let state): compressed(encode(state))
    case .user(let body): encode(user: body)
    case .error(let text): encode(error: text)
    }
  }

  static func encode(_ state: PushPull) -> [UInt8] {
    var writer = MessagePackWriter(
      type: MemberlistType.pushPull.rawValue, reserving: 64 + 256 * state.members.count + state.userState.count)
    writer.map(count: 3)
    writer.write("Join")
    writer.write(state.isJoin)
    writer.write("Nodes")
    writer.write(UInt64(state.members.count))
    writer.write("UserStateLen")
    writer.write(UInt64(state.userState.count))
    for member in state.members { encode(member, into: &writer) }
    writer.append(contentsOf: state.userState)
    return writer.bytes
  }

  private static func encode(_ member: MemberSummary, into writer: inout MessagePackWriter) {
    writer.map(count: 7)
    writer.write("Addr")
    writer.write(member.address.bytes)
    writer.write("Incarnation")
    writer.write(member.incarnation.value)
    writer.write("Meta")
    writer.write(member.meta)
    writer.write("Name")
    writer.write(member.member.text)
    writer.write("Port")
    writer.write(member.address.port)
    writer.write("State")
    writer.write(member.state.rawValue)
    writer.write("Vsn")
    writer.write(member.versions.bytes)
  }

  private static func encode(user body: [UInt8]) -> [UInt8] {
    var writer = MessagePackWriter(type: MemberlistType.user.rawValue, reserving: 32 + body.count)
    writer.map(count: 1)
    writer.write("UserMsgLen")
    writer.write(UInt64(body.count))
    writer.append(contentsOf: body)
    return writer.bytes
  }

  private static func encode(error text: String) -> [UInt8] {
    var writer = MessagePackWriter(type: MemberlistType.error.rawValue)
    writer.map(count: 1)
    writer.write("Error")
    writer.write(text)
    return writer.bytes
  }
}
