/// What the core needs of the wire formats: bytes of Serf inside messages of memberlist, and how long those are.
enum SerfCoding {
  static func message(_ message: SerfMessage) -> MemberlistMessage { .user(SerfCodec.encode(message)) }

  static func decode(_ bytes: [UInt8]) -> SerfMessage? { try? SerfCodec.decode(bytes) }

  static func encode(_ state: SerfState) -> [UInt8] { SerfCodec.encode(state) }

  static func decodeState(_ bytes: [UInt8]) -> SerfState? { try? SerfCodec.decodeState(bytes) }
}

enum MessageBytes {
  /// Of a message in a packet.
  static func count(of message: MemberlistMessage) -> Int {
    if case .user(let bytes) = message { return bytes.count + 1 }
    return MemberlistCodec.encode(message).count
  }
}
