import Testing

@testable import Gossip

@Suite("Gossip: what is believed of a member")
struct StateTests {
  struct Rule: Sendable, CustomTestStringConvertible {
    var known: MemberSummary.State
    var said: MemberSummary.State
    /// What is said has the known incarnation, 5, and so much.
    var newer: Int
    var result: MemberSummary.State
    var incarnation: UInt32

    init(
      _ known: MemberSummary.State, _ said: MemberSummary.State, _ newer: Int, _ result: MemberSummary.State,
      _ incarnation: UInt32
    ) {
      (self.known, self.said, self.newer, self.result, self.incarnation) = (known, said, newer, result, incarnation)
    }

    var testDescription: String { "\(known)@5, \(said)@\(5 + newer): \(result)@\(incarnation)" }
  }

  /// SWIM §4.2 and memberlist's aliveNode, suspectNode, deadNode.
  static let rules: [Rule] = [
    Rule(.alive, .alive, -1, .alive, 5), Rule(.alive, .alive, 0, .alive, 5), Rule(.alive, .alive, 1, .alive, 6),
    Rule(.alive, .suspect, -1, .alive, 5), Rule(.alive, .suspect, 0, .suspect, 5),
    Rule(.alive, .suspect, 1, .suspect, 6),
    Rule(.alive, .dead, -1, .alive, 5), Rule(.alive, .dead, 0, .dead, 5), Rule(.alive, .dead, 1, .dead, 6),
    Rule(.alive, .left, -1, .alive, 5), Rule(.alive, .left, 0, .left, 5), Rule(.alive, .left, 1, .left, 6),
    Rule(.suspect, .alive, -1, .suspect, 5), Rule(.suspect, .alive, 0, .suspect, 5),
    Rule(.suspect, .alive, 1, .alive, 6),
    Rule(.suspect, .suspect, -1, .suspect, 5), Rule(.suspect, .suspect, 0, .suspect, 5),
    Rule(.suspect, .suspect, 1, .suspect, 5),
    Rule(.suspect, .dead, -1, .suspect, 5), Rule(.suspect, .dead, 0, .dead, 5), Rule(.suspect, .dead, 1, .dead, 6),
    Rule(.suspect, .left, 0, .left, 5),
    Rule(.dead, .alive, -1, .dead, 5), Rule(.dead, .alive, 0, .dead, 5), Rule(.dead, .alive, 1, .alive, 6),
    Rule(.dead, .suspect, 0, .dead, 5), Rule(.dead, .suspect, 1, .dead, 5), Rule(.dead, .dead, 1, .dead, 5),
    Rule(.dead, .left, 1, .dead, 5),
    Rule(.left, .alive, -1, .left, 5), Rule(.left, .alive, 0, .left, 5), Rule(.left, .alive, 1, .alive, 6),
    Rule(.left, .suspect, 1, .left, 5), Rule(.left, .dead, 1, .left, 5), Rule(.left, .left, 1, .left, 5),
  ]

  @Test("alive needs a newer incarnation; suspect and dead the same; the dead hear nothing but alive", arguments: rules)
  func rule(_ rule: Rule) {
    var member = TestMember(knowing: ["b", "d", "e", "f"])
    member.hear(.alive(.of("c", 5)))
    if rule.known != .alive { member.hear(Self.message(rule.known, 5, by: "b")) }
    member.hear(Self.message(rule.said, UInt32(5 + rule.newer), by: "b"))
    #expect(member.state(of: "c") == rule.result)
    #expect(member.core.incarnation(of: "c") == Incarnation(rule.incarnation))
  }

  private static func message(
    _ state: MemberSummary.State, _ incarnation: UInt32, by accuser: String
  ) -> MemberlistMessage {
    switch state {
    case .alive: .alive(.of("c", incarnation))
    case .suspect: .suspect(.of("c", incarnation, by: accuser))
    case .dead: .dead(.of("c", incarnation, by: accuser))
    case .left: .dead(.of("c", incarnation, by: "c"))
    }
  }

  @Test("of members that nobody told of, neither suspicion nor death is heard")
  func unknown() {
    var member = TestMember(knowing: ["b"])
    member.hear(.suspect(.of("x", 3, by: "b")), .dead(.of("x", 3, by: "b")), .dead(.of("x", 3, by: "x")))
    #expect(member.transcript.isEmpty && member.state(of: "x") == nil)
  }

  @Test("what is new is told: who joins, fails, comes back, leaves, has other tags")
  func events() {
    var member = TestMember(knowing: ["b"])
    member.hear(.alive(.of("c", 1)))
    member.hear(.alive(.of("c", 2, meta: [7])))
    member.hear(.dead(.of("c", 2, by: "b")))
    member.hear(.alive(.of("c", 3)))
    member.hear(.dead(.of("c", 3, by: "c")))
    #expect(member.transcript == ["c joined", "c updated", "c failed", "c joined", "c left"])
  }

  @Test("news takes the place of older news of the same member")
  func invalidation() {
    var member = TestMember(knowing: ["b"])
    member.hear(.alive(.of("c", 1)))
    member.hear(.suspect(.of("c", 1, by: "b")))
    member.hear(.dead(.of("c", 1, by: "b")))
    #expect(member.core.broadcasts.messages.map(\.text) == ["dead c@1 by b"])
  }

  // MARK: This node itself

  @Test(
    "§4.2: a member that is accused contradicts, with a newer incarnation",
    arguments: [(UInt32(0), UInt32(1)), (1, 2), (2, 3), (7, 8), (.max - 1, .max), (.max, .max)])
  func refutation(accused: UInt32, expected: UInt32) {
    for message in [MemberlistMessage.suspect(.of("a", accused, by: "b")), .dead(.of("a", accused, by: "b"))] {
      var member = TestMember(knowing: ["b"])
      member.hear(message)
      #expect(member.core.incarnation == Incarnation(expected))
      #expect(member.state(of: "a") == .alive)
      #expect(member.core.broadcasts.messages.map(\.text) == (expected == 1 ? [] : ["alive a@\(expected)"]))
      #expect(member.core.healthScore == (expected == 1 ? 0 : 1))
    }
  }

  @Test("a life before with other tags or a higher incarnation is contradicted; what this node said itself is not")
  func earlierLife() {
    for (alive, isRefuted) in [
      (Alive.of("a", 1, meta: [1]), false), (.of("a", 1, meta: [2]), true), (.of("a", 4, meta: [1]), true),
      (.of("a", 0, meta: [9]), false),
    ] {
      var member = TestMember(knowing: ["b"])
      member.hear(.alive(alive))
      #expect(member.core.incarnation == (isRefuted ? alive.incarnation.following : Incarnation(1)))
    }
  }

  @Test("other tags are told under a newer incarnation")
  func update() {
    var member = TestMember(knowing: ["b"])
    member.step(.update(meta: [5, 5]))
    #expect(member.core.broadcasts.messages == [.alive(.of("a", 2, meta: [5, 5]))])
    #expect(member.transcript == ["a updated"])
    member.step(.update(meta: Array(repeating: 0, count: 513)))
    #expect(member.transcript.last == "refused metaTooLong(bytes: 513, maximum: 512)")
  }

  // MARK: Names

  @Test("a name that is taken stays with its address, and the other claim is reported")
  func conflict() {
    var member = TestMember(knowing: ["b"])
    member.hear(.alive(.of("b", 9, at: "x")))
    member.hear(.alive(.of("a", 9, at: "x")))
    #expect(member.transcript == ["conflict over b: b, x", "conflict over a: a, x"])
    #expect(member.core.members.record(of: "b")?.address == GossipAddress("b"))
    #expect(member.core.incarnation == Incarnation(1))
  }

  @Test("the name of a member that left is free; that of a dead one after 30 s")
  func reclaim() {
    var member = TestMember(knowing: ["b", "c"])
    member.hear(.dead(.of("b", 1, by: "b")))
    member.hear(.alive(.of("b", 1, at: "x")))
    #expect(member.core.members.record(of: "b")?.address == GossipAddress("x"))
    member.hear(.dead(.of("c", 1, by: "b")))
    member.hear(.alive(.of("c", 2, at: "y")))
    #expect(member.state(of: "c") == .dead)
    member.pass(.seconds(30))
    member.sleep(.milliseconds(1))
    member.hear(.alive(.of("c", 2, at: "y")))
    #expect(member.state(of: "c") == .alive)
  }
}
