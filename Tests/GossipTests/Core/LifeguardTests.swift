import Testing

@testable import Gossip

@Suite("Gossip: Lifeguard")
struct LifeguardTests {
  @Test(
    "§IV-A: a failed probe counts by the nacks that did not come; a good one makes up for one",
    arguments: [(0, 3), (1, 2), (3, 0)])
  func nacks(arrived: Int, score: Int) {
    var member = TestMember(knowing: ["b", "c", "d", "e"])
    let number = member.awaitPing(to: "b")
    member.pass(.milliseconds(600))
    for _ in 0..<arrived { member.hear(.nack(number)) }
    member.pass(.milliseconds(400))
    #expect(member.core.healthScore == score)
    let next = member.awaitPing(to: "c")
    member.hear(.ack(Ack(number: next)))
    #expect(member.core.healthScore < max(score, 1))
  }

  @Test("§IV-A: without others who could nack, each failed probe counts one")
  func nobodyToNack() {
    var member = TestMember(knowing: ["b"])
    _ = member.awaitPing(to: "b")
    member.pass(.milliseconds(1000))
    #expect(member.core.healthScore == 1)
  }

  @Test("§IV-A: a node that doubts itself takes its time: the time-out and the interval grow with the score")
  func scaling() {
    var member = TestMember(knowing: ["b", "c"])
    for incarnation in 1...3 { member.hear(.suspect(.of("a", UInt32(incarnation), by: "b"))) }
    #expect(member.core.healthScore == 3)
    _ = member.awaitPing(to: "b")
    member.clearTranscript()
    member.pass(.milliseconds(1999))
    #expect(!member.transcript.contains { $0.hasPrefix("stream ping") })
    member.pass(.milliseconds(1))
    #expect(member.transcript.contains("stream ping to b within 2.0 seconds"))
    member.pass(.milliseconds(1999))
    #expect(member.state(of: "b") == .alive)
    member.pass(.milliseconds(1))
    #expect(member.state(of: "b") == .suspect)
  }

  @Test("the score stays between 0 and 7")
  func bounds() {
    var health = LocalHealth(bound: 8)
    health.change(by: -5)
    #expect(health.score == 0)
    health.change(by: 100)
    #expect(health.score == 7)
    #expect(health.scaled(.seconds(1)) == .seconds(8))
  }

  @Test(
    "§IV-B: the least time grows with the logarithm of the members",
    arguments: [(1, 4000), (10, 4000), (100, 8000), (1000, 12000)])
  func minimum(members: Int, milliseconds: Int) {
    #expect(
      SuspicionTimer.minimumTimeout(multiplier: 4, members: members, interval: .seconds(1))
        == .milliseconds(milliseconds))
  }

  @Test(
    "§IV-B: each confirmation shortens the time, the first ones the most",
    arguments: [(0, 24.0), (1, 14.0), (2, 8.15), (3, 4.0)])
  func decay(confirmations: Int, seconds: Double) {
    var timer = SuspicionTimer(
      by: "a", wanted: 3, minimum: .seconds(4), maximum: .seconds(24), at: GossipInstant(nanoseconds: 0))
    for number in 0..<confirmations { _ = timer.confirm(by: MemberName("b\(number)")) }
    #expect(abs(timer.timeout / .seconds(1) - seconds) < 0.01)
  }

  @Test("§IV-B: each member confirms once, the first accuser not at all, and only so many are wanted")
  func confirmations() {
    var timer = SuspicionTimer(
      by: "a", wanted: 2, minimum: .seconds(4), maximum: .seconds(24), at: GossipInstant(nanoseconds: 0))
    var isNews: [Bool] = []
    for accuser in ["a", "b", "b", "c", "d"] { isNews.append(timer.confirm(by: MemberName(accuser))) }
    #expect(isNews == [false, true, false, true, false])
    #expect(timer.timeout == .seconds(4))
  }

  @Test("§IV-B: who is confirmed as suspect is dead after the least time; who is not, six times later")
  func suspicionEnds() {
    for isConfirmed in [true, false] {
      var member = TestMember(knowing: ["b", "c", "d", "e"])
      member.hear(.suspect(.of("b", 1, by: "c")))
      if isConfirmed {
        for other in ["d", "e"] { member.hear(.suspect(.of("b", 1, by: other))) }
      }
      member.passAnsweringOthers(.milliseconds(3990), except: "b")
      #expect(member.state(of: "b") == .suspect)
      // This node's own probe is a confirmation too.
      member.passAnsweringOthers(.milliseconds(20), except: "b")
      #expect(member.state(of: "b") == (isConfirmed ? .dead : .suspect))
      member.passAnsweringOthers(.seconds(20), except: "b")
      #expect(member.state(of: "b") == .dead)
    }
  }

  @Test("§IV-B: in a cluster of three nobody can confirm, and the time is the least one")
  func threeMembers() {
    var member = TestMember(knowing: ["b", "c"])
    member.hear(.suspect(.of("b", 1, by: "c")))
    member.passAnsweringOthers(.milliseconds(4000), except: "b")
    #expect(member.state(of: "b") == .dead)
  }

  @Test("§IV-B: a confirmation is passed on")
  func passedOn() {
    var member = TestMember(knowing: ["b", "c", "d", "e"])
    for other in ["c", "c", "d", "e"] { member.hear(.suspect(.of("b", 1, by: other))) }
    #expect(member.core.broadcasts.messages.map(\.text) == ["suspect b@1 by e"])
    #expect(member.core.members.record(of: "b")?.suspicion?.confirmations == 2)
  }

  @Test("§IV-C: a suspect is told by the ping that probes it")
  func buddy() {
    for isOn in [true, false] {
      var settings = GossipSettings.lan
      if !isOn { settings.lifeguard.remove(.buddy) }
      var member = TestMember(knowing: ["b"], settings: settings)
      member.hear(.suspect(.of("b", 1, by: "c")))
      member.core.broadcasts = BroadcastQueue(maximumBytes: 1000)
      _ = member.awaitPing(to: "b")
      let last = member.packets.last { $0.messages.first?.text == "ping b" }
      #expect(last?.messages.map(\.text) == (isOn ? ["ping b", "suspect b@1 by a"] : ["ping b"]))
    }
  }

  @Test("a node that was stopped takes nobody down when it goes on", arguments: [true, false])
  func pause(isForgiven: Bool) {
    var settings = GossipSettings.lan
    if !isForgiven { settings.lifeguard.remove(.pauses) }
    var member = TestMember(knowing: ["b", "c", "d", "e"], settings: settings)
    member.hear(.suspect(.of("b", 1, by: "c")))
    let number = member.awaitPing(to: "d")
    member.clearTranscript()
    member.sleep(.seconds(40))
    // What was said meanwhile is still in the socket.
    member.step(.timer)
    member.hear(.ack(Ack(number: number)))
    member.hear(.alive(.of("b", 2)))
    #expect(member.transcript.contains("b failed") == !isForgiven)
    #expect(member.state(of: "d") == (isForgiven ? .alive : .suspect))
    #expect(member.core.counters.pauses == (isForgiven ? 1 : 0))
    member.pass(.seconds(5))
    #expect(member.core.counters.pauses == (isForgiven ? 1 : 0))
  }
}

extension TestMember {
  /// Time goes by, and all answer but one.
  mutating func passAnsweringOthers(_ duration: Duration, except silent: String) {
    let end = now + duration
    while core.deadline <= end {
      now = max(core.deadline, now)
      let actions = step(.timer)
      for case .send(let messages, _) in actions {
        for case .ping(let ping) in messages where ping.target.text != silent {
          step(.packet([.ack(Ack(number: ping.number))], from: GossipAddress(ping.target.text)))
        }
      }
    }
    now = end
    step(.timer)
  }
}
