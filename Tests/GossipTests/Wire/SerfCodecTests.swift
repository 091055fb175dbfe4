import Testing

@testable import Gossip

@Suite struct SerfCodecTests {
  private static let query = Query(
    time: LamportTime(9), id: .max, source: GossipAddress(bytes: [10, 0, 0, 1], port: 7946),
    sourceName: MemberName("n1"), filters: [[0, 0x91, 0xa1, 65], [1]], flags: [.acknowledges, .isNotPassedOn],
    relayFactor: 3, timeout: 15_000_000_000, name: "uptime", payload: [1, 2, 3])

  private static let messages: [SerfMessage] = [
    .leave(LeaveIntent(time: LamportTime(0), member: MemberName("n1"), prunes: true)),
    .leave(LeaveIntent(time: LamportTime(.max), member: MemberName("ä"), prunes: false)),
    .join(JoinIntent(time: LamportTime(1 << 32), member: MemberName("n1"))),
    .userEvent(
      UserEvent(time: LamportTime(3), name: "deploy", payload: Array(repeating: 7, count: 9000), coalesces: true)),
    .query(query),
    .query(
      Query(
        time: LamportTime(1), id: 0, source: GossipAddress(bytes: Array(1...16), port: 1), sourceName: nil, filters: [],
        flags: [], relayFactor: 0, timeout: 0, name: "", payload: [])),
    .queryResponse(
      QueryResponse(time: LamportTime(9), id: 5, from: MemberName("n2"), flags: 1, payload: [])),
    .other(type: 6, body: [1, 2]), .other(type: 250, body: []),
  ]

  @Test("a message comes back as it was sent", arguments: messages)
  func messageComesBack(message: SerfMessage) throws {
    #expect(try SerfCodec.decode(SerfCodec.encode(message)) == message)
  }

  @Test("what an agent of Serf says")
  func agentSays() throws {
    let golden = MemberName("golden")
    #expect(
      try decode(SerfFixtures.userEvent)
        == .userEvent(
          UserEvent(time: LamportTime(1), name: "deploy", payload: Array("v1".utf8), coalesces: true)))
    #expect(
      try decode(SerfFixtures.query)
        == .query(
          Query(
            time: LamportTime(1), id: 0x30ca_1405, source: GossipAddress(bytes: [127, 0, 0, 1], port: 17_901),
            sourceName: golden, filters: [], flags: .acknowledges, relayFactor: 0, timeout: 1_000_000_000,
            name: "uptime", payload: Array("now".utf8))))
    #expect(
      try decode(SerfFixtures.leave) == .leave(LeaveIntent(time: LamportTime(4), member: golden, prunes: false)))
  }

  @Test("we write what an agent writes, byte by byte", arguments: [SerfFixtures.userEvent, SerfFixtures.leave])
  func encodesAsAgent(packet: [UInt8]) throws {
    let encoded = MemberlistCodec.encode(.user(SerfCodec.encode(try decode(packet))))
    #expect(MemberlistCodec.packet(of: [encoded], isChecksummed: true) == packet)
  }

  private func decode(_ packet: [UInt8]) throws -> SerfMessage {
    let contents = try MemberlistCodec.decode(packet: packet)
    guard case .user(let bytes) = contents.messages.first else { throw Unexpected(contents) }
    return try SerfCodec.decode(bytes)
  }

  @Test("an empty filter is refused, for it would end an agent that it is passed on to")
  func emptyFilter() {
    var query = Self.query
    query.filters = [[0], []]
    #expect(throws: WireError.self) { try SerfCodec.decode(SerfCodec.encode(.query(query))) }
  }

  private static let malformed: [[UInt8]] = [
    [], [0], [0, 0x80], [1, 0x80], [4, 0x80], [3, 0x81, 0xa4] + Array("Name".utf8) + [0xc3],
    [0, 0x81, 0xa5] + Array("LTime".utf8) + [0xe0], [4, 0x81, 0xa7] + Array("Filters".utf8) + [0xdd, 1, 0, 0, 0],
    [4, 0x81, 0xa7] + Array("Timeout".utf8) + [0xd3, 0xff, 0, 0, 0, 0, 0, 0, 0],
  ]

  @Test("what is no message is refused", arguments: malformed)
  func refuses(bytes: [UInt8]) {
    #expect(throws: WireError.self) { try SerfCodec.decode(bytes) }
  }

  // MARK: State

  @Test("a state comes back as it was sent")
  func stateComesBack() throws {
    let event = UserEvent(time: LamportTime(4), name: "deploy", payload: [1], coalesces: false)
    let state = SerfState(
      time: LamportTime(7), statusTimes: [MemberName("n1"): LamportTime(1), MemberName("n2"): LamportTime(300)],
      leftMembers: [MemberName("n2")], eventTime: LamportTime(5), events: [LamportTime(4): [event, event]],
      queryTime: LamportTime(6))
    #expect(try SerfCodec.decodeState(SerfCodec.encode(state)) == state)
    let empty = SerfState(
      time: LamportTime(0), statusTimes: [:], leftMembers: [], eventTime: LamportTime(0), events: [:],
      queryTime: LamportTime(0))
    #expect(try SerfCodec.decodeState(SerfCodec.encode(empty)) == empty)
  }

  @Test(
    "what is no state is refused",
    arguments: [
      [], [1, 0x80], [2], [2, 0x81, 0xac] + Array("StatusLTimes".utf8) + [0xdf, 0, 1, 0, 0],
      [2, 0x81, 0xa6] + Array("Events".utf8) + [0x91, 0x81, 0xa6] + Array("Events".utf8) + [0x91, 0xc3],
    ])
  func refusesState(bytes: [UInt8]) {
    #expect(throws: WireError.self) { try SerfCodec.decodeState(bytes) }
  }

  // MARK: Tags

  @Test("tags come back, up to 512 bytes of them")
  func tags() throws {
    let tags = ["id": "1", "rpc_addr": "[::1]:8400", "role": "", "ä": "ö"]
    #expect(try SerfCodec.decode(tags: SerfCodec.encode(tags: tags)) == tags)
    #expect(try SerfCodec.decode(tags: SerfCodec.encode(tags: [:])) == [:])
    // 0xff, a map, a name of one byte, and a text of three bytes before its own.
    let longest = String(repeating: "x", count: 512 - 1 - 1 - 2 - 3)
    #expect(try SerfCodec.encode(tags: ["t": longest]).count == 512)
    #expect(throws: TagsTooLong(bytes: 513)) { try SerfCodec.encode(tags: ["t": longest + "x"]) }
  }

  @Test("a member of an early Serf has a role only")
  func roleOnly() throws {
    #expect(try SerfCodec.decode(tags: Array("web".utf8)) == ["role": "web"])
    #expect(try SerfCodec.decode(tags: []) == ["role": ""])
  }

  @Test(
    "what are no tags is refused",
    arguments: [
      [0xff], [0xff, 0x90], [0xff, 0x81, 0xa1, 65], [0xff, 0x81, 0xa1, 0xff, 0xa0], [0x80],
      Array(repeating: 65, count: 513),
    ])
  func refusesTags(bytes: [UInt8]) {
    #expect(throws: WireError.self) { try SerfCodec.decode(tags: bytes) }
  }
}
