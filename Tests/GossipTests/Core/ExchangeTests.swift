import Testing

@testable import Gossip

@Suite("Gossip: joining, exchanging states, leaving")
struct ExchangeTests {
  @Test("a node joins through seeds: it tells its state, takes theirs, and says that it is there")
  func joining() throws {
    var member = TestMember()
    member.step(.join([GossipAddress("b"), GossipAddress("c"), GossipAddress(bytes: [1], port: 1)]))
    #expect(member.transcript == ["exchange with b to join", "exchange with c to join"])
    #expect(member.offers.first?.members.map(\.member.text) == ["a"])
    member.clearTranscript()
    let exchanges = member.exchanges
    member.step(.exchanged(exchanges[0], .of([.of("b", 3, .alive), .of("d", 2, .alive)], isJoin: true)))
    member.step(.exchanged(exchanges[1], nil))
    #expect(member.transcript == ["b joined", "d joined", "joined by 1 of 2"])
    #expect(member.core.serf.intentQueue.messages.map(\.text) == ["join a at 1"])
  }

  @Test("a join that nobody answers says so, also when the shell never tells")
  func failedJoin() {
    var member = TestMember(knowing: ["b"])
    member.step(.join([GossipAddress("x")]))
    member.pass(.seconds(100))
    #expect(member.transcript.contains("joined by 0 of 1"))
    member.step(.join([]))
    #expect(member.transcript.last == "joined by 0 of 0")
  }

  @Test("who offers its state is told ours as it was before")
  func answering() {
    var member = TestMember(knowing: ["b"])
    member.step(.stateOffered(.of([.of("c", 1, .alive)], isJoin: true), StreamID(number: 4)))
    #expect(member.transcript == ["answer with a b", "c joined"])
  }

  @Test("what another takes for dead is only suspected here; who left has left")
  func merging() {
    var member = TestMember(knowing: ["b", "c", "d", "e"])
    member.step(
      .stateOffered(
        .of([.of("b", 1, .dead), .of("c", 1, .suspect), .of("d", 1, .left), .of("e", 0, .dead), .of("a", 1, .dead)]),
        StreamID(number: 1)))
    #expect(["b", "c", "d", "e", "a"].map { member.state(of: $0) } == [.suspect, .suspect, .left, .alive, .alive])
    #expect(member.core.incarnation == Incarnation(2))
  }

  @Test(
    "states are exchanged every 30 s, and less often in a cluster of more than 32",
    arguments: [(2, 30), (32, 30), (33, 60), (64, 60), (65, 90), (128, 90), (1000, 180)])
  func interval(members: Int, seconds: Int) {
    var member = TestMember()
    for number in 1..<members {
      var alive = Alive.of("m\(number)", 1)
      alive.address.port = UInt16(number)
      member.hear(.alive(alive))
    }
    #expect(member.core.pushPullInterval == .seconds(seconds))
  }

  @Test("one member at a time is told the state, with members that are alive only")
  func periodic() {
    var member = TestMember(knowing: ["b", "c"])
    member.hear(.dead(.of("c", 1, by: "c")))
    member.clearTranscript()
    for _ in 0..<3 { member.passAnsweringOthers(.seconds(30), except: "c") }
    #expect(member.transcript.filter { $0.hasPrefix("exchange") } == Array(repeating: "exchange with b", count: 3))
  }

  // MARK: Leaving

  @Test("a leave is said by Serf first, then by memberlist, and the node stays until both have spread")
  func leaving() {
    var member = TestMember(knowing: ["b"])
    member.step(.leave)
    member.passAnsweringOthers(.milliseconds(900), except: "")
    #expect(member.transcript.contains { $0.contains("leave a at 1") })
    member.passAnsweringOthers(.seconds(10), except: "")
    #expect(member.transcript.contains { $0.contains("dead a@1 by a") })
    #expect(member.transcript.contains("left"))
    #expect(member.transcript.contains("a left"))
    #expect(member.core.hasLeft && member.status(of: "a") == .left)
    let intent = member.transcript.firstIndex { $0.contains("leave a") } ?? .max
    let death = member.transcript.firstIndex { $0.contains("dead a") } ?? .min
    #expect(intent < death)
  }

  @Test("a node that is alone leaves at once; a second leave changes nothing, and nothing else is begun")
  func alone() {
    var member = TestMember()
    member.step(.leave)
    #expect(member.transcript == ["a left", "left"])
    member.step(.leave)
    member.step(.join([GossipAddress("b")]))
    member.step(.update(meta: []))
    #expect(member.transcript.suffix(2) == ["refused leaving", "refused leaving"])
  }

  @Test("nothing brings a node back that has left")
  func afterwards() {
    var member = TestMember(knowing: ["b"])
    member.step(.leave)
    member.passAnsweringOthers(.seconds(20), except: "")
    member.hear(.alive(.of("a", 9)))
    member.hear(.suspect(.of("a", 9, by: "b")))
    #expect(member.state(of: "a") == .left)
  }

  @Test("who is accused while it leaves and has not said so yet contradicts")
  func accusedWhileAnnouncing() {
    var member = TestMember(knowing: ["b"])
    member.step(.leave)
    member.hear(.suspect(.of("a", 1, by: "b")))
    #expect(member.core.incarnation == Incarnation(2))
    member.passAnsweringOthers(.seconds(20), except: "")
    #expect(member.transcript.contains { $0.contains("dead a@2 by a") })
  }
}
