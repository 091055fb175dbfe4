import TestSupport
import Testing

@testable import Gossip

@Suite("Gossip: what a packet cannot do")
struct BoundsTests {
  @Test("names, tags and addresses out of bounds are left")
  func malformed() {
    var member = TestMember(knowing: ["b"])
    let long = String(repeating: "x", count: 129)
    member.hear(.alive(.of(long, 1)), .alive(.of("", 1)))
    member.hear(.alive(.of("c", 1, meta: Array(repeating: 0, count: 513))))
    var alive = Alive.of("c", 1)
    alive.address = GossipAddress(bytes: [1, 2, 3], port: 7)
    member.hear(.alive(alive))
    alive.address = GossipAddress(bytes: [1, 2, 3, 4], port: 0)
    member.hear(.alive(alive))
    member.hear(.suspect(.of("b", 1, by: long)), .dead(.of("b", 1, by: "")))
    member.hear(.user([]), .user([0xff, 1, 2]), .user([0, 0xdf]))
    #expect(member.transcript.isEmpty)
    #expect(member.core.counters.malformed == 9)
    #expect(member.state(of: "b") == .alive)
  }

  @Test(
    "members whose versions do not meet ours are left, and counted",
    arguments: [
      (ProtocolVersions(minimum: 1, maximum: 5, current: 2, userMinimum: 2, userMaximum: 5, userCurrent: 4), true),
      (ProtocolVersions(minimum: 0, maximum: 5, current: 2, userMinimum: 2, userMaximum: 5, userCurrent: 4), false),
      (ProtocolVersions(minimum: 3, maximum: 2, current: 2, userMinimum: 2, userMaximum: 5, userCurrent: 4), false),
      (ProtocolVersions(minimum: 6, maximum: 9, current: 7, userMinimum: 2, userMaximum: 5, userCurrent: 4), false),
      (ProtocolVersions(minimum: 1, maximum: 5, current: 2, userMinimum: 6, userMaximum: 9, userCurrent: 6), false),
      (ProtocolVersions(minimum: 1, maximum: 5, current: 2, userMinimum: 9, userMaximum: 2, userCurrent: 4), false),
    ])
  func versions(_ versions: ProtocolVersions, isMet: Bool) {
    var member = TestMember()
    var alive = Alive.of("c", 1)
    alive.versions = versions
    member.hear(.alive(alive))
    #expect((member.state(of: "c") == .alive) == isMet)
    #expect(member.core.counters.incompatible == (isMet ? 0 : 1))
  }

  @Test("members of another cluster are not taken in")
  func admission() {
    var settings = GossipSettings.lan
    settings.admits = { _, meta in meta == [1] }
    var member = TestMember(settings: settings)
    member.hear(.alive(.of("b", 1, meta: [1])), .alive(.of("c", 1, meta: [2])))
    #expect(member.transcript == ["b joined"])
    #expect(member.core.counters.notAdmitted == 1)
  }

  @Test("there are no more members than may be, and those that are gone give way")
  func members() {
    var settings = GossipSettings.lan
    settings.maximumMembers = 4
    var member = TestMember(knowing: ["b", "c", "d"], settings: settings)
    member.hear(.alive(.of("e", 1)))
    #expect(member.transcript == ["e is more than 4"])
    member.hear(.dead(.of("b", 1, by: "c")))
    member.passAnsweringOthers(.seconds(40), except: "")
    member.clearTranscript()
    member.hear(.alive(.of("e", 1)))
    #expect(member.transcript == ["e joined", "b reaped"])
  }

  @Test("relays, recent intents, events and queries have bounds")
  func floods() {
    var settings = GossipSettings.lan
    settings.maximumRecentIntents = 10
    settings.maximumRecentBytes = 1000
    settings.maximumQueueBytes = 2000
    var member = TestMember(settings: settings)
    for number in UInt32(0)..<1000 {
      let name = MemberName("m\(number)")
      member.hear(
        .indirectPing(
          IndirectPing(
            number: ProbeNumber(number), target: name, address: GossipAddress("x"), wantsNack: true, source: nil,
            sourceName: nil)))
      member.hear(.join(JoinIntent(time: LamportTime(UInt64(number)), member: name)))
      member.hear(
        .userEvent(
          UserEvent(time: LamportTime(UInt64(number)), name: "e", payload: [UInt8(number % 256)], coalesces: false)))
    }
    #expect(member.core.relays.count <= 256)
    #expect(member.core.serf.intents.count == 10)
    #expect(member.core.serf.events.bytes <= 1000)
    #expect(member.core.queued.bytes <= 4 * 2000)
    #expect(member.core.counters.overflows >= 744 + 990)
    #expect(member.core.counters.droppedBroadcasts > 0)
  }

  @Test("nothing that is said stops a node", arguments: [1, 2, 3, 4] as [UInt64])
  func anything(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var settings = GossipSettings.local
    settings.maximumMembers = 6
    var member = TestMember(knowing: ["b", "c"], settings: settings, seed: seed)
    for _ in 0..<3000 {
      if Int.random(in: 0..<4, using: &random) == 0 {
        member.pass(.milliseconds(Int.random(in: 0...900, using: &random)))
      }
      member.step(Self.event(&random))
      member.clearTranscript()
    }
    #expect(member.core.members.count <= 6)
  }

  private static func event(_ random: inout SeededGenerator) -> GossipEvent {
    switch Int.random(in: 0..<10, using: &random) {
    case 0:
      let states: [MemberSummary.State] = [.alive, .suspect, .dead, .left]
      let members = (0..<3).map { _ in
        MemberSummary.of(name(&random), incarnation(&random), states.randomElement(using: &random) ?? .alive)
      }
      return .stateOffered(.of(members), StreamID(number: 1))
    case 1:
      return .exchanged(ExchangeID(number: UInt64.random(in: 0..<20, using: &random)), nil)
    default:
      return .packet((0..<3).map { _ in message(&random) }, from: GossipAddress(name(&random)))
    }
  }

  private static func name(_ random: inout SeededGenerator) -> String {
    ["a", "b", "c", "d", "e", "f", "g", "h", ""].randomElement(using: &random) ?? ""
  }

  private static func incarnation(_ random: inout SeededGenerator) -> UInt32 {
    [0, 1, 2, 3, 4, .max - 1, .max].randomElement(using: &random) ?? 0
  }

  private static func message(_ random: inout SeededGenerator) -> MemberlistMessage {
    let name = name(&random)
    let other = Self.name(&random)
    let incarnation = incarnation(&random)
    let number = ProbeNumber(UInt32.random(in: 0...UInt32.max, using: &random))
    let time = LamportTime([0, 1, 5, 600, .max, 1 << 62].randomElement(using: &random) ?? 0)
    switch Int.random(in: 0..<10, using: &random) {
    case 0: return .alive(.of(name, incarnation, meta: [UInt8.random(in: 0...2, using: &random)]))
    case 1: return .alive(.of(name, incarnation, at: other))
    case 2: return .suspect(.of(name, incarnation, by: other))
    case 3: return .dead(.of(name, incarnation, by: other))
    case 4: return .dead(.of(name, incarnation, by: name))
    case 5: return .ack(Ack(number: number))
    case 6: return .nack(number)
    case 7:
      return .indirectPing(
        IndirectPing(
          number: number, target: MemberName(name), address: GossipAddress(other), wantsNack: true, source: nil,
          sourceName: nil))
    case 8:
      return .user(
        SerfCodec.encode(.leave(LeaveIntent(time: time, member: MemberName(name), prunes: name == "c"))))
    default: return .user(SerfCodec.encode(.join(JoinIntent(time: time, member: MemberName(name)))))
    }
  }
}
