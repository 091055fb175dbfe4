import Testing

@testable import Gossip

@Suite struct StreamTests {
  private static let address = GossipAddress(bytes: [127, 0, 0, 1], port: 7946)
  private static let pushPull = PushPull(
    isJoin: true,
    members: (0..<50).map {
      MemberSummary(
        member: MemberName("node-\($0)"), address: address, meta: Array(repeating: UInt8($0), count: 10 * $0),
        incarnation: Incarnation(UInt32($0) << 20), state: MemberSummary.State(rawValue: UInt8($0 % 4)) ?? .alive,
        versions: .ours)
    }, userState: Array(repeating: 5, count: 40_000))

  private static let messages: [StreamMessage] = [
    .ping(Ping(number: ProbeNumber(9), target: MemberName("a"), source: address, sourceName: MemberName("b"))),
    .ack(Ack(number: ProbeNumber(9))), .pushPull(pushPull),
    .pushPull(PushPull(isJoin: false, members: [], userState: [])), .user(Array(0...255)), .user([]),
    .error("no room"),
  ]

  private static func securities() throws -> [GossipSecurity] {
    let keyring = try Keyring([.random(), .random()])
    return [
      GossipSecurity(), GossipSecurity(keyring: keyring),
      GossipSecurity(keyring: keyring, verifiesIncoming: false, encryptsOutgoing: false),
    ]
  }

  @Test("a message comes back as it was sent", arguments: messages)
  func comesBack(message: StreamMessage) throws {
    for security in try Self.securities() {
      let bytes = security.seal(stream: MemberlistCodec.encode(stream: message))
      #expect(try whole(bytes, security) == message)
    }
  }

  @Test("also byte by byte, and no sooner than it is there", arguments: messages)
  func byteByByte(message: StreamMessage) throws {
    var encodings = [MemberlistCodec.encode(stream: message)]
    if case .pushPull(let state) = message { encodings.append(MemberlistCodec.encode(state)) }
    for security in try Self.securities() {
      for bytes in encodings.map({ security.seal(stream: $0) }) {
        var decoder = StreamDecoder()
        for (index, byte) in bytes.enumerated() {
          decoder.append([byte])
          #expect(try decoder.next(security) == (index == bytes.count - 1 ? message : nil))
        }
      }
    }
  }

  @Test(
    "what an agent of Serf says to join",
    arguments: [SerfFixtures.join, SerfFixtures.compressedJoin, SerfFixtures.encryptedJoin])
  func agentJoins(bytes: [UInt8]) throws {
    let keyring = try Keyring([.random(), try GossipKey(base64: SerfFixtures.encryptKey)])
    let security = GossipSecurity(keyring: bytes[0] == 10 ? keyring : nil)
    guard case .pushPull(let state) = try whole(bytes, security) else { throw Unexpected(bytes) }
    #expect(state.isJoin)
    #expect(state.members.map(\.member) == [MemberName("golden")])
    #expect(state.members.map(\.state) == [.alive])
    #expect(
      try SerfCodec.decodeState(state.userState)
        == SerfState(
          time: LamportTime(1), statusTimes: [MemberName("golden"): LamportTime(0)], leftMembers: [],
          eventTime: LamportTime(1), events: [:], queryTime: LamportTime(1)))
  }

  @Test("a sender of plaintext is refused where there is a keyring, and one that encrypts where there is none")
  func mismatch() throws {
    let plain = MemberlistCodec.encode(stream: .error("x"))
    let security = GossipSecurity(keyring: try Keyring([.random()]))
    #expect(throws: WireError(.notEncrypted, at: 0)) { try whole(plain, security) }
    let sealed = security.seal(stream: plain)
    #expect(throws: WireError(.encryptionIsOff, at: 0)) { try whole(sealed, GossipSecurity()) }
    let other = GossipSecurity(keyring: try Keyring([.random()]))
    #expect(throws: WireError(.undecryptable, at: 5)) { try whole(sealed, other) }
  }

  @Test("the length before encrypted bytes is authenticated")
  func prefix() throws {
    let security = GossipSecurity(keyring: try Keyring([.random()]))
    var sealed = security.seal(stream: MemberlistCodec.encode(stream: .error("x")))
    sealed[4] -= 1
    #expect(throws: WireError(.undecryptable, at: 5)) { try whole(sealed, security) }
  }

  /// Bytes, and why they are refused.
  private static let malformed: [([UInt8], WireError.Reason)] = [
    ([71], .unknownMessage(type: 71)), ([244], .labelled), ([4], .nested(type: 4)), ([7], .nested(type: 7)),
    (
      [6, 0x81, 0xa5] + Array("Nodes".utf8) + [0xce, 0x7f, 0xff, 0xff, 0xff],
      .tooLong(count: 0x7fff_ffff, limit: 16_384)
    ),
    ([6, 0x81, 0xa5] + Array("Nodes".utf8) + [0xd0, 0xff], .outOfRange(type: "a number that is not negative")),
    (
      [6, 0x81, 0xac] + Array("UserStateLen".utf8) + [0xce, 0x10, 0, 0, 0], .tooLong(count: 0x1000_0000, limit: 4 << 20)
    ),
    ([6, 0x81, 0xa5] + Array("Nodes".utf8) + [1, 0x80], .missing(field: "Name")),
    (
      [6, 0x81, 0xa5] + Array("Nodes".utf8) + [1, 0x81, 0xa5] + Array("State".utf8) + [9],
      .invalidField(field: "State", why: "is 9, and members are alive 0, suspect 1, dead 2 or left 3")
    ),
    (
      [8, 0x81, 0xaa] + Array("UserMsgLen".utf8) + [0xcf] + Array(repeating: 255, count: 8),
      .tooLong(count: .max, limit: 4 << 20)
    ),
    ([9, 0x81, 0xa3] + Array("Buf".utf8) + [0xa1, 0], .incomplete(missing: 1)),
    ([9, 0x81, 0xa3] + Array("Buf".utf8) + [0xdb, 0x10, 0, 0, 0], .tooLong(count: 0x1000_0000 + 11, limit: 4 << 20)),
    ([10, 0xff, 0, 0, 0], .encryptionIsOff),
    ([2, 0xc3], .unexpectedType(byte: 0xc3, expected: "a map")),
  ]

  @Test("what is no message is refused, without waiting for more of it", arguments: malformed)
  func refuses(bytes: [UInt8], reason: WireError.Reason) throws {
    let error = #expect(throws: WireError.self) { try whole(bytes, GossipSecurity()) }
    #expect(error?.reason == reason)
  }

  @Test("an encrypted message over the limit is refused at its length")
  func encryptedLimit() throws {
    let security = GossipSecurity(keyring: try Keyring([.random()]))
    var decoder = StreamDecoder(limit: 1000)
    decoder.append([10, 0, 0, 4, 0])
    #expect(throws: WireError(.tooLong(count: 1029, limit: 1000), at: 1)) { try decoder.next(security) }
  }

  @Test("a compressed message may not expand over the limit, encrypted or not")
  func bomb() throws {
    let bomb = MemberlistCodec.compressed(
      MemberlistCodec.encode(PushPull(isJoin: false, members: [], userState: Array(repeating: 0, count: 1_000_000))))
    #expect(bomb.count < 3000)
    let keyring = try Keyring([.random()])
    for security in [GossipSecurity(), GossipSecurity(keyring: keyring)] {
      var decoder = StreamDecoder(limit: 100_000)
      decoder.append(security.seal(stream: bomb))
      let error = #expect(throws: WireError.self) { try decoder.next(security) }
      guard case .tooLong(_, 100_000) = error?.reason else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
  }

  private func whole(_ bytes: [UInt8], _ security: GossipSecurity) throws -> StreamMessage? {
    var decoder = StreamDecoder()
    decoder.append(bytes)
    return try decoder.next(security)
  }
}
