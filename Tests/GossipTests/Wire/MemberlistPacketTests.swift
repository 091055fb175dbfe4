import Testing

@testable import Gossip

@Suite struct MemberlistPacketTests {
  private static let address = GossipAddress(bytes: [127, 0, 0, 1], port: 7946)
  private static let sixteen = GossipAddress(bytes: [0x20, 1] + Array(repeating: 7, count: 14), port: 65_535)

  private static let alive = Alive(
    incarnation: Incarnation(.max), member: MemberName("n1"), address: sixteen,
    meta: Array(repeating: 0xff, count: 512),
    versions: .ours)

  private static let messages: [MemberlistMessage] = [
    .ping(Ping(number: ProbeNumber(0), target: MemberName(""), source: nil, sourceName: nil)),
    .ping(Ping(number: ProbeNumber(.max), target: MemberName("ä"), source: sixteen, sourceName: MemberName("n2"))),
    .indirectPing(
      IndirectPing(
        number: ProbeNumber(128), target: MemberName("n1"), address: address, wantsNack: true, source: address,
        sourceName: MemberName("n2"))),
    .indirectPing(
      IndirectPing(
        number: ProbeNumber(1 << 16), target: MemberName("n1"), address: sixteen, wantsNack: false, source: nil,
        sourceName: nil)),
    .ack(Ack(number: ProbeNumber(255))), .ack(Ack(number: ProbeNumber(256), payload: [1, 2, 3])),
    .nack(ProbeNumber(127)),
    .suspect(Suspicion(incarnation: Incarnation(1), member: MemberName("n1"), from: MemberName("n2"))),
    .alive(alive),
    .dead(Death(incarnation: Incarnation(0), member: MemberName("n1"), from: MemberName(""))),
    .user([]), .user(Array(0...255)),
  ]

  @Test("a message comes back as it was sent, alone", arguments: messages, [true, false])
  func messageComesBack(message: MemberlistMessage, isChecksummed: Bool) throws {
    let packet = MemberlistCodec.packet(of: [MemberlistCodec.encode(message)], isChecksummed: isChecksummed)
    let contents = try MemberlistCodec.decode(packet: packet)
    #expect(contents.messages == [message])
    #expect(contents.failures.isEmpty)
  }

  @Test("and with others, compressed and not", arguments: [true, false])
  func messagesComeBackTogether(isCompressed: Bool) throws {
    let encoded = Self.messages.map { MemberlistCodec.encode($0) }
    var packet = MemberlistCodec.packet(of: encoded, isChecksummed: false)
    #expect(
      packet.count
        == encoded.reduce(MemberlistCodec.compoundOverhead) {
          $0 + $1.count + MemberlistCodec.compoundPartOverhead
        })
    if isCompressed {
      let whole = packet.count
      packet = MemberlistCodec.compressed(packet)
      #expect(packet.count < whole)
    }
    #expect(try MemberlistCodec.decode(packet: packet).messages == Self.messages)
  }

  @Test("what an agent of Serf gossips", arguments: [SerfFixtures.gossip, SerfFixtures.compressedGossip])
  func agentGossips(packet: [UInt8]) throws {
    let contents = try MemberlistCodec.decode(packet: packet)
    #expect(contents.failures.isEmpty)
    let versions = ProtocolVersions(
      minimum: 1, maximum: 5, current: 2, userMinimum: 2, userMaximum: 5, userCurrent: 5)
    guard case .alive(let golden) = contents.messages[0], case .alive(let fake) = contents.messages[1],
      case .user(let intent) = contents.messages[2], contents.messages.count == 3
    else { throw Unexpected(contents) }
    #expect(golden.member == MemberName("golden"))
    #expect(golden.address == GossipAddress(bytes: [127, 0, 0, 1], port: 17_901))
    #expect(golden.incarnation == Incarnation(1))
    #expect(golden.versions == versions)
    #expect(
      try SerfCodec.decode(tags: golden.meta) == ["role": "node", "id": "1", "rpc_addr": "127.0.0.1:8400"])
    #expect(fake.versions.userCurrent == 4)
    #expect(try SerfCodec.decode(intent) == .join(JoinIntent(time: LamportTime(3), member: MemberName("golden"))))
  }

  @Test(
    "we write what an agent writes, byte by byte",
    arguments: [SerfFixtures.ping, SerfFixtures.death, SerfFixtures.gossip])
  func encodesAsAgent(packet: [UInt8]) throws {
    let messages = try MemberlistCodec.decode(packet: packet).messages
    let encoded = messages.map { MemberlistCodec.encode($0) }
    #expect(MemberlistCodec.packet(of: encoded, isChecksummed: packet[0] == 12) == packet)
  }

  @Test("a message that cannot be read spoils no other")
  func failureIsAlone() throws {
    let nack = MemberlistCodec.encode(.nack(ProbeNumber(7)))
    let packet = MemberlistCodec.packet(of: [nack, [77, 1], [], [2, 0x81], nack], isChecksummed: false)
    let contents = try MemberlistCodec.decode(packet: packet)
    #expect(contents.messages == [.nack(ProbeNumber(7)), .nack(ProbeNumber(7))])
    #expect(
      contents.failures.map(\.reason) == [
        .unknownMessage(type: 77), .incomplete(missing: 1), .incomplete(missing: 2),
      ])
  }

  @Test("a compound that is cut off gives what is there")
  func cutCompound() throws {
    let nack = MemberlistCodec.encode(.nack(ProbeNumber(7)))
    let packet = MemberlistCodec.packet(of: [nack, nack, nack], isChecksummed: false)
    let contents = try MemberlistCodec.decode(packet: Array(packet.dropLast(nack.count + 1)))
    #expect(contents.messages.count == 1)
    #expect(contents.failures.map(\.reason) == [.incomplete(missing: 1)])
  }

  @Test("a packet with one bit flipped does not pass its checksum")
  func checksum() throws {
    for bit in 0..<8 * SerfFixtures.death.count {
      var packet = SerfFixtures.death
      packet[bit / 8] ^= 1 << (bit % 8)
      if bit / 8 == 0 { continue }
      #expect(throws: WireError.self) { try MemberlistCodec.decode(packet: packet) }
    }
  }

  /// Bytes, why they are refused, and where.
  private static let malformed: [([UInt8], WireError.Reason, Int)] = [
    ([], .incomplete(missing: 1), 0),
    ([0], .incomplete(missing: 1), 1),
    ([99], .unknownMessage(type: 99), 0),
    ([244, 1, 65, 0], .labelled, 0),
    ([12, 0, 0], .incomplete(missing: 2), 1),
    ([12, 0, 0, 0, 1, 3], .wrongChecksum(expected: 0x4b0b_be37, found: 1), 1),
    ([7], .incomplete(missing: 1), 1),
    ([7, 2, 0, 1], .incomplete(missing: 2), 4),
    ([10, 0], .nested(type: 10), 1),
    ([6, 0x80], .nested(type: 6), 1),
    ([9, 0x81, 0xa4] + Array("Algo".utf8) + [7], .unknownCompression(algorithm: 7), 1),
    ([9, 0x80], .incomplete(missing: 1), 0),
    ([4, 0x80], .missing(field: "Node"), 2),
    (
      [4, 0x82, 0xa4] + Array("Node".utf8) + [0xa1, 65, 0xa4] + Array("Addr".utf8) + [0xa1, 1],
      .invalidField(field: "Addr", why: "has 1 bytes where an IP address has 4 or 16"), 16
    ),
    ([0, 0x81, 0xa5] + Array("SeqNo".utf8) + [0xd0, 0xff], .outOfRange(type: "a number that is not negative"), 8),
    ([0, 0x81, 0xa5] + Array("SeqNo".utf8) + [0xcf, 1, 0, 0, 0, 0, 0, 0, 0], .outOfRange(type: "UInt32"), 8),
    ([0, 0x81, 0xa5] + Array("SeqNo".utf8) + [0xc3], .unexpectedType(byte: 0xc3, expected: "a number"), 8),
    ([0, 0x81, 0xa4] + Array("Node".utf8) + [0xa1, 0xff], .invalidText, 7),
    ([0, 0x81, 0xa4] + Array("Node".utf8) + [0xda, 1, 0], .tooLong(count: 256, limit: 255), 7),
    ([0, 0xdf, 0xff, 0xff, 0xff, 0xff], .tooLong(count: 4_294_967_295, limit: 32), 1),
    ([0, 0x90], .unexpectedType(byte: 0x90, expected: "a map"), 1),
    ([0, 0x81, 0xa1, 65] + Array(repeating: 0x91, count: 40) + [0], .tooDeep(limit: 16), 20),
    ([0, 0x81, 0xa1, 65, 0xc1], .unexpectedType(byte: 0xc1, expected: "a value"), 4),
  ]

  @Test("what is no packet is refused, with the place", arguments: malformed)
  func refuses(packet: [UInt8], reason: WireError.Reason, position: Int) {
    let error = #expect(throws: WireError.self) { try MemberlistCodec.decode(packet: packet) }
    #expect(error == WireError(reason, at: position))
  }

  @Test("layers stand in each other once")
  func nesting() throws {
    let nack = MemberlistCodec.encode(.nack(ProbeNumber(7)))
    let compound = MemberlistCodec.packet(of: [nack, nack], isChecksummed: false)
    let twice = MemberlistCodec.packet(of: [compound, nack], isChecksummed: false)
    #expect(try MemberlistCodec.decode(packet: twice).failures.map(\.reason) == [.nested(type: 7)])
    let long = Array(repeating: nack, count: 100)
    let compressed = MemberlistCodec.compressed(MemberlistCodec.packet(of: long, isChecksummed: false))
    #expect(compressed[0] == 9)
    let compressedTwice = MemberlistCodec.compressed(compressed + Array(repeating: 0, count: 4000))
    #expect(compressedTwice[0] == 9)
    #expect(throws: WireError.self) { try MemberlistCodec.decode(packet: compressedTwice) }
    // A part of a compound may be compressed, where the packet is not.
    let event = MemberlistCodec.encode(.user(Array(repeating: 1, count: 1000)))
    let mixed = MemberlistCodec.packet(of: [nack, MemberlistCodec.compressed(event)], isChecksummed: false)
    #expect(try MemberlistCodec.decode(packet: mixed).messages.count == 2)
  }

  @Test("parts that expand share the bound of a packet")
  func bombs() throws {
    let bomb = MemberlistCodec.compressed(MemberlistCodec.encode(.user(Array(repeating: 0, count: 60_000))))
    #expect(bomb.count < 600)
    let packet = MemberlistCodec.packet(of: Array(repeating: bomb, count: 100), isChecksummed: false)
    let contents = try MemberlistCodec.decode(packet: packet)
    #expect(contents.messages.count == 1)
    #expect(contents.failures.count == 99)
  }

  @Test("unknown fields are skipped, whatever they hold")
  func unknownFields() throws {
    var writer = MessagePackWriter(type: 11)
    writer.map(count: 3)
    writer.write("New")
    writer.append(
      contentsOf: [
        0x92, 0x81, 0xa1, 65, 0xc0, 0x9c, 0xca, 1, 2, 3, 4, 0xcb, 1, 2, 3, 4, 5, 6, 7, 8, 0xd4, 1, 2, 0xd8, 1,
      ] + Array(repeating: 0, count: 16) + [
        0xc7, 2, 9, 1, 1, 0xc4, 1, 7, 0xd9, 1, 65, 0xd3, 1, 2, 3, 4, 5, 6, 7, 8, 0xe0, 0xc2, 0xdc, 0, 1, 5, 0xde, 0, 0,
      ])
    writer.write("SeqNo")
    writer.write(UInt32(9))
    writer.write("Other")
    writer.writeNil()
    let contents = try MemberlistCodec.decode(packet: writer.bytes)
    #expect(contents.messages == [.nack(ProbeNumber(9))])
  }

  @Test("an IPv4 address in sixteen bytes is the same in four")
  func mappedAddress() throws {
    let mapped = GossipAddress(bytes: Array(repeating: 0, count: 10) + [255, 255, 10, 0, 0, 1], port: 1)
    let ping = Ping(number: ProbeNumber(1), target: MemberName("a"), source: mapped, sourceName: nil)
    let contents = try MemberlistCodec.decode(packet: MemberlistCodec.encode(.ping(ping)))
    guard case .ping(let decoded) = contents.messages.first else { throw Unexpected(contents) }
    #expect(decoded.source == GossipAddress(bytes: [10, 0, 0, 1], port: 1))
  }
}

struct Unexpected: Error, CustomStringConvertible {
  let description: String

  init(_ value: Any) { description = "\(value)" }
}
