import Testing

@testable import Gossip

@Suite("Gossip: news (SWIM §4.1)")
struct DisseminationTests {
  @Test(
    "a message is sent λ · ⌈log10(n + 1)⌉ times, and then no more",
    arguments: [(2, 4), (9, 4), (10, 8), (99, 8), (100, 12)])
  func limit(members: Int, transmissions: Int) {
    let others = (1..<members).map { "m\($0)" }
    var settings = GossipSettings.lan
    settings.probeInterval = .seconds(1000)
    var member = TestMember(settings: settings)
    for (index, other) in others.enumerated() {
      let address = GossipAddress(bytes: [10, 1, 0, UInt8(index)], port: 1)
      let alive = Alive(
        incarnation: Incarnation(1), member: MemberName(other), address: address, meta: [], versions: .ours)
      member.hear(.alive(alive))
    }
    member.core.broadcasts = BroadcastQueue(maximumBytes: 10_000)
    member.clearTranscript()
    member.step(.update(meta: [2]))
    member.pass(.seconds(10))
    let sent = member.packets.flatMap(\.messages).filter { $0.text == "alive a@2" }
    #expect(sent.count == transmissions)
  }

  @Test("what was sent the least often goes first, of that the largest that fits")
  func order() {
    var queue = BroadcastQueue(maximumBytes: 10_000)
    for (name, bytes) in [("small", 10), ("large", 60), ("middle", 40)] {
      queue.add(.alive(.of(name, 1)), bytes: bytes, about: MemberName(name))
    }
    #expect(taken(from: &queue, room: 104) == ["large", "middle"])
    #expect(taken(from: &queue, room: 80) == ["small", "large"])
    #expect(taken(from: &queue, room: 30) == ["small"])
    #expect(taken(from: &queue, room: 200) == ["middle", "large", "small"])
    #expect(taken(from: &queue, room: 200) == ["middle", "large", "small"])
  }

  private func taken(from queue: inout BroadcastQueue, room: Int) -> [String] {
    var packet = Packet(room: room)
    queue.take(into: &packet, limit: 100)
    return packet.messages.compactMap { if case .alive(let alive) = $0 { alive.member.text } else { nil } }
  }

  @Test("the queue is bounded in bytes: what was sent the most often goes")
  func bytes() {
    var queue = BroadcastQueue(maximumBytes: 100)
    queue.add(.alive(.of("old", 1)), bytes: 50, about: "old")
    _ = taken(from: &queue, room: 60)
    queue.add(.alive(.of("new", 1)), bytes: 40, about: "new")
    queue.add(.alive(.of("newer", 1)), bytes: 40, about: "newer")
    #expect(queue.bytes == 80 && queue.dropped == 1)
    #expect(taken(from: &queue, room: 1000) == ["newer", "new"])
    queue.add(.alive(.of("huge", 1)), bytes: 101, about: "huge")
    #expect(queue.isEmpty && queue.bytes == 0)
  }

  @Test("no packet is larger than 1400 bytes, whatever there is to tell")
  func packets() throws {
    var member = TestMember(knowing: ["b", "c", "d"])
    for number in 0..<100 {
      var alive = Alive.of("m\(number)", 1, meta: Array(repeating: 9, count: number * 5))
      alive.address.port = 1
      member.hear(.alive(alive))
    }
    member.pass(.seconds(5))
    let packets = member.packets.map { packet in
      MemberlistCodec.packet(of: packet.messages.map { MemberlistCodec.encode($0) }, isChecksummed: true)
    }
    #expect(packets.count > 50)
    #expect(packets.allSatisfy { $0.count <= 1400 - 29 })
    #expect(packets.contains { $0.count > 1200 })
  }

  @Test("news rides on pings and acks, and is told to three members five times a second")
  func piggyback() {
    var member = TestMember(knowing: ["b", "c", "d", "e", "f"])
    member.hear(.suspect(.of("f", 1, by: "b")))
    member.hear(.ping(Ping(number: ProbeNumber(1), target: "a", source: nil, sourceName: "b")))
    #expect(member.transcript.last == "→b ack, suspect f@1 by b")
    member.clearTranscript()
    member.pass(.milliseconds(200))
    let receivers = member.packets.filter { !$0.messages.contains { $0.text.hasPrefix("ping") } }.map(\.receiver)
    #expect(Set(receivers).count == 3)
  }

  @Test("the recently dead are told, those who left are not")
  func toTheDead() {
    var settings = GossipSettings.lan
    settings.probeInterval = .seconds(1000)
    for isDead in [true, false] {
      var member = TestMember(knowing: ["b"], settings: settings)
      member.hear(.dead(.of("b", 1, by: isDead ? "c" : "b")))
      member.pass(.seconds(1))
      #expect(member.transcript.contains("→b dead b@1 by c") == isDead)
    }
  }
}
