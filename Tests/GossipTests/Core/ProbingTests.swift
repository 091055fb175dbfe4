import Testing

@testable import Gossip

@Suite("Gossip: probing (SWIM §3.1, §4.3)")
struct ProbingTests {
  @Test("§4.3: in a round each member is probed once, in an order that is new each time")
  func rounds() {
    let others = "bcdefghij".map(String.init)
    var member = TestMember(knowing: others)
    var rounds: [[String]] = []
    for _ in 0..<3 {
      var round: [String] = []
      while round.count < others.count {
        member.clearTranscript()
        member.pass(.seconds(1))
        for packet in member.packets {
          for case .ping(let ping) in packet.messages {
            round.append(ping.target.text)
            member.hear(.ack(Ack(number: ping.number)))
          }
        }
      }
      rounds.append(round)
    }
    // The first round begins where members came in.
    for round in rounds.dropFirst() { #expect(Set(round) == Set(others)) }
    #expect(rounds[1] != rounds[2])
  }

  @Test("§3.1: who does not answer in time is pinged by three others, and over a stream")
  func indirect() {
    var member = TestMember(knowing: ["b", "c", "d", "e", "f"])
    let number = member.awaitPing(to: "b")
    member.clearTranscript()
    member.pass(.milliseconds(499))
    #expect(member.transcript.isEmpty)
    member.pass(.milliseconds(1))
    let asked = member.packets.filter { $0.messages.first?.text == "ping b for me" }.compactMap {
      $0.receiver.name?.text
    }
    #expect(Set(asked).count == 3 && Set(asked).isSubset(of: ["c", "d", "e", "f"]))
    #expect(member.transcript.last == "stream ping to b within 0.5 seconds")
    #expect(member.packets.allSatisfy { $0.messages.first?.number == number })
  }

  @Test("§3.1: no answer by the end of the interval: the member is suspected, and that is told")
  func failing() {
    var member = TestMember(knowing: ["b", "c"])
    _ = member.awaitPing(to: "b")
    member.pass(.milliseconds(1000))
    #expect(member.state(of: "b") == .suspect)
    #expect(member.core.broadcasts.messages.map(\.text) == ["suspect b@1 by a"] || !member.packets.isEmpty)
    #expect(member.status(of: "b") == .alive)
  }

  enum Answer: CaseIterable {
    case direct, late, overStream, ofOtherProbe, none
  }

  @Test(
    "an answer by any way and until the end of the interval counts, one to another probe does not",
    arguments: Answer.allCases)
  func answers(_ answer: Answer) {
    var member = TestMember(knowing: ["b", "c"])
    let number = member.awaitPing(to: "b")
    switch answer {
    case .direct: member.hear(.ack(Ack(number: number)))
    case .late:
      member.pass(.milliseconds(990))
      member.hear(.ack(Ack(number: number)))
    case .overStream:
      member.pass(.milliseconds(700))
      member.step(.streamPingEnded(number, isAnswered: true))
    case .ofOtherProbe: member.hear(.ack(Ack(number: ProbeNumber(number.value &+ 7))))
    case .none: member.step(.streamPingEnded(number, isAnswered: false))
    }
    member.pass(.milliseconds(answer == .late ? 20 : answer == .overStream ? 310 : 1000))
    #expect(member.state(of: "b") == (answer == .ofOtherProbe || answer == .none ? .suspect : .alive))
  }

  @Test("a ping is answered to where its sender says it is; one for another name is not")
  func answering() {
    var member = TestMember()
    let number = ProbeNumber(9)
    member.hear(.ping(Ping(number: number, target: "a", source: GossipAddress("c"), sourceName: "c")))
    member.hear(.ping(Ping(number: number, target: "a", source: nil, sourceName: nil)), from: "d")
    member.hear(.ping(Ping(number: number, target: "x", source: nil, sourceName: nil)), from: "d")
    #expect(member.packets.map { $0.receiver.address.text } == ["c", "d"])
    #expect(member.core.counters.misdirected == 1)
    member.clearTranscript()
    member.step(.streamPinged(Ping(number: number, target: "a", source: nil, sourceName: nil), StreamID(number: 1)))
    member.step(.streamPinged(Ping(number: number, target: "x", source: nil, sourceName: nil), StreamID(number: 2)))
    #expect(member.transcript == ["acknowledge", "close"])
  }

  @Test("§3.1: a ping for another is passed on, and its answer too; without one a nack comes in time")
  func relaying() {
    var settings = GossipSettings.lan
    settings.probeInterval = .seconds(1000)
    var member = TestMember(settings: settings)
    let request = IndirectPing(
      number: ProbeNumber(5), target: "c", address: GossipAddress("c"), wantsNack: true, source: GossipAddress("b"),
      sourceName: "b")
    member.clearTranscript()
    member.hear(.indirectPing(request))
    guard case .ping(let ping)? = member.packets.last?.messages.first else { return #expect(Bool(false)) }
    #expect(ping.number != request.number)
    member.hear(.ack(Ack(number: ping.number)), from: "c")
    #expect(member.packets.last?.messages.first == .ack(Ack(number: request.number)))
    member.clearTranscript()
    member.hear(.indirectPing(request))
    member.pass(.milliseconds(399))
    #expect(!member.transcript.contains("→b nack"))
    member.pass(.milliseconds(1))
    #expect(member.packets.last?.messages.first == .nack(request.number))
    member.pass(.seconds(1))
    #expect(member.core.relays.isEmpty)
  }

  @Test("members that are gone are not probed, and forgotten after a while")
  func gone() {
    var member = TestMember(knowing: ["b", "c"])
    member.hear(.dead(.of("b", 1, by: "c")))
    member.hear(.dead(.of("c", 1, by: "c")))
    member.clearTranscript()
    member.pass(.seconds(20))
    #expect(!member.packets.contains { $0.messages.contains { $0.text.hasPrefix("ping") } })
    member.pass(.seconds(20))
    #expect(member.state(of: "b") == nil && member.state(of: "c") == nil)
    #expect(member.status(of: "b") == .failed && member.status(of: "c") == .left)
  }
}

extension MemberlistMessage {
  var number: ProbeNumber? {
    switch self {
    case .ping(let ping): ping.number
    case .indirectPing(let ping): ping.number
    default: nil
    }
  }
}
