import FuzzSupport

@testable import Gossip

extension FuzzTarget {
  /// A packet. The first byte puts the checksum right when it is odd.
  static let memberlistPacket = FuzzTarget(
    "memberlist-packet", maximumBytes: 1500,
    seeds: {
      let encoded = messages.map { MemberlistCodec.encode($0) }
      let compound = MemberlistCodec.packet(of: encoded, isChecksummed: false)
      let compressed = MemberlistCodec.compressed(compound)
      let part = MemberlistCodec.compressed(MemberlistCodec.encode(.user(Array(repeating: 0, count: 300))))
      return (encoded + [compound, compressed]).map { [0] + $0 } + [
        [1] + MemberlistCodec.packet(of: encoded, isChecksummed: true),
        [0] + MemberlistCodec.packet(of: [encoded[0], part], isChecksummed: false),
      ]
    },
    dictionary: GossipSamples.memberlistFields,
    run: { input in
      var packet = Array(input.dropFirst())
      if (input.first ?? 0) & 1 != 0 { fixChecksum(of: &packet) }
      let contents: PacketContents
      do { contents = try MemberlistCodec.decode(packet: packet) } catch let error as WireError {
        try require(!error.description.isEmpty, "an error without a text")
        return false
      }
      try require(contents.messages.count + contents.failures.count <= 255, "more parts than a compound has")
      for message in contents.messages {
        let again = try MemberlistCodec.decode(packet: MemberlistCodec.encode(message))
        try require(again.messages == [message], "\(message) comes back as \(again)")
      }
      return !contents.messages.isEmpty
    })

  private static func fixChecksum(of packet: inout [UInt8]) {
    guard packet.count > 5 else { return }
    packet[0] = 12
    let checksum = CRC32.checksum(packet[5...])
    for byte in 0..<4 { packet[1 + byte] = UInt8(truncatingIfNeeded: checksum >> (24 - 8 * UInt32(byte))) }
  }

  /// A stream as reads bring it. The first four bytes cut; the next chooses whether there is a keyring.
  static let memberlistStream = FuzzTarget(
    "memberlist-stream", maximumBytes: 1024,
    seeds: {
      let state = PushPull(isJoin: true, members: [summary, summary], userState: Array(repeating: 7, count: 100))
      let plain = [
        .ping(
          Ping(
            number: ProbeNumber(1), target: GossipSamples.member, source: GossipSamples.address,
            sourceName: GossipSamples.member)),
        .ack(Ack(number: ProbeNumber(1))), .user([1, 2, 3]), .error("no room"), .pushPull(state),
      ].map { MemberlistCodec.encode(stream: $0) }
      let sealed = try GossipSamples.keyring().seal(stream: plain[4])
      return (plain + [MemberlistCodec.encode(state)]).map { [0, 1, 2, 3, 0] + $0 } + [[9, 8, 7, 6, 1] + sealed]
    },
    dictionary: GossipSamples.memberlistFields,
    run: { input in
      var choices = FuzzInput(input)
      var cuts = FuzzInput(choices.take(4))
      let security = GossipSecurity(keyring: choices.byte() & 1 != 0 ? try GossipSamples.keyring() : nil)
      let bytes = choices.rest()
      let whole = outcome(of: [bytes], security)
      let pieces = cuts.pieces(of: bytes, cuts: 4)
      try require(outcome(of: pieces, security) == whole, "cut into \(pieces.map(\.count)), it is another message")
      try require(outcome(of: bytes.map { [$0] }, security) == whole, "byte by byte it is another message")
      guard case .message(let message) = whole else { return false }
      let again = outcome(of: [MemberlistCodec.encode(stream: message)], GossipSecurity())
      try require(again == whole, "\(message) comes back as \(again)")
      return true
    })

  private enum Outcome: Hashable {
    case message(StreamMessage)
    case incomplete
    case refused(WireError.Reason)
  }

  private static func outcome(of pieces: [[UInt8]], _ security: GossipSecurity) -> Outcome {
    var decoder = StreamDecoder(limit: 4096)
    for piece in pieces {
      decoder.append(piece)
      do {
        if let message = try decoder.next(security) { return .message(message) }
      } catch {
        // How much over the limit a message is depends on how much of it is there.
        if case .tooLong(_, let limit) = error.reason { return .refused(.tooLong(count: 0, limit: limit)) }
        return .refused(error.reason)
      }
    }
    return .incomplete
  }

  private static let summary = MemberSummary(
    member: GossipSamples.member, address: GossipSamples.address, meta: [0xff, 0x80], incarnation: Incarnation(5),
    state: .suspect, versions: .ours)
  private static let messages: [MemberlistMessage] = [
    .ping(
      Ping(
        number: ProbeNumber(1), target: GossipSamples.member, source: GossipSamples.address,
        sourceName: GossipSamples.member)),
    .indirectPing(
      IndirectPing(
        number: ProbeNumber(300), target: GossipSamples.member, address: GossipSamples.address, wantsNack: true,
        source: nil, sourceName: nil)),
    .ack(Ack(number: ProbeNumber(1 << 20), payload: [1, 2])), .nack(ProbeNumber(7)),
    .suspect(Suspicion(incarnation: Incarnation(1), member: GossipSamples.member, from: GossipSamples.member)),
    .alive(
      Alive(
        incarnation: Incarnation(1), member: GossipSamples.member, address: GossipSamples.address, meta: [0xff, 0x80],
        versions: .ours)),
    .dead(Death(incarnation: Incarnation(1), member: GossipSamples.member, from: GossipSamples.member)),
    .user([1, 0x80]),
  ]
}
