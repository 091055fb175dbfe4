import Testing

@testable import Gossip

@Suite("Gossip: Serf")
struct SerfLayerTests {
  private func leave(_ name: String, _ time: UInt64, prunes: Bool = false) -> SerfMessage {
    .leave(LeaveIntent(time: LamportTime(time), member: MemberName(name), prunes: prunes))
  }

  private func join(_ name: String, _ time: UInt64) -> SerfMessage {
    .join(JoinIntent(time: LamportTime(time), member: MemberName(name)))
  }

  @Test("who said that it leaves has left when it is gone; who did not has failed")
  func intents() {
    var member = TestMember(knowing: ["b", "c"])
    member.hear(leave("b", 5))
    #expect(member.status(of: "b") == .leaving)
    member.hear(.dead(.of("b", 1, by: "d")))
    member.hear(.dead(.of("c", 1, by: "d")))
    #expect(member.transcript == ["b left", "c failed"])
  }

  @Test("who left by its own word has left, even if its intent was lost")
  func lostIntent() {
    var member = TestMember(knowing: ["b"])
    member.hear(.dead(.of("b", 1, by: "b")))
    #expect(member.transcript == ["b left"])
  }

  @Test("of joins and leaves the one of the latest time counts, in whatever order they come")
  func order() {
    var member = TestMember(knowing: ["b"])
    member.hear(leave("b", 5))
    member.hear(join("b", 4))
    #expect(member.status(of: "b") == .leaving)
    member.hear(join("b", 6))
    member.hear(leave("b", 5))
    #expect(member.status(of: "b") == .alive)
  }

  @Test("each intent is passed on once, also when the member is not known yet")
  func passedOn() {
    var member = TestMember(knowing: ["b"])
    for message in [leave("b", 5), leave("b", 5), join("x", 3), join("x", 3), leave("x", 2), leave("x", 4)] {
      member.hear(message)
    }
    #expect(
      Set(member.core.serf.intentQueue.messages.map(\.text)) == ["leave b at 5", "join x at 3", "leave x at 4"])
    member.hear(.alive(.of("x", 1)))
    #expect(member.status(of: "x") == .leaving)
  }

  @Test("the clock is ahead of all that was heard")
  func clock() {
    var member = TestMember(knowing: ["b"])
    member.hear(leave("b", 41))
    #expect(member.core.serf.clock.time == LamportTime(42))
    member.step(.remove("b", prunes: false))
    #expect(member.core.serf.clock.time == LamportTime(43))
    member.hear(leave("b", .max))
    #expect(member.core.serf.clock.time == LamportTime(43))
    #expect(member.core.counters.malformed == 1)
  }

  @Test("a node that is said to leave and does not says that it is there")
  func refutesLeave() {
    var member = TestMember(knowing: ["b"])
    member.hear(leave("a", 7))
    #expect(member.status(of: "a") == .alive)
    #expect(member.core.serf.intentQueue.messages.map(\.text) == ["join a at 8"])
  }

  @Test("a failed member is taken for one that left, by an operator's word; pruned, it is forgotten")
  func forceLeave() {
    for prunes in [false, true] {
      var member = TestMember(knowing: ["b"])
      member.hear(.dead(.of("b", 1, by: "c")))
      member.clearTranscript()
      member.step(.remove("b", prunes: prunes))
      member.step(.remove("x", prunes: false))
      member.pass(.milliseconds(1))
      #expect(Array(member.transcript.prefix(2)) == ["b left", "refused unknownMember(x)"])
      #expect(member.transcript.contains("b reaped") == prunes)
      #expect(member.status(of: "b") == (prunes ? nil : .left))
    }
  }

  @Test("a member that is still there is pruned when it had time to go")
  func pruneLeaving() {
    var member = TestMember(knowing: ["b"])
    member.hear(leave("b", 5, prunes: true))
    member.passAnsweringOthers(.milliseconds(5900), except: "")
    #expect(member.status(of: "b") == .leaving)
    member.passAnsweringOthers(.milliseconds(200), except: "")
    #expect(member.status(of: "b") == nil)
  }

  @Test("a member that says that it stays is not pruned")
  func pruneRefuted() {
    var member = TestMember(knowing: ["b"])
    member.hear(leave("b", 5, prunes: true))
    member.hear(join("b", 6))
    member.passAnsweringOthers(.seconds(20), except: "")
    #expect(member.status(of: "b") == .alive)
  }

  @Test("failed members are forgotten after 72 h, those that left after 24 h")
  func reaping() {
    var settings = GossipSettings.lan
    // Days go by in few steps.
    settings.probeInterval = .seconds(3600)
    settings.gossipInterval = .seconds(3600)
    settings.pushPullInterval = .seconds(3600)
    settings.reconnectInterval = .seconds(3600)
    settings.reapInterval = .seconds(600)
    var member = TestMember(knowing: ["b", "c"], settings: settings)
    member.hear(.dead(.of("b", 1, by: "a")))
    member.hear(.dead(.of("c", 1, by: "c")))
    member.pass(.seconds(24 * 3600 - 1))
    #expect(member.status(of: "c") == .left)
    member.pass(.seconds(601))
    #expect(member.status(of: "c") == nil && member.status(of: "b") == .failed)
    member.pass(.seconds(48 * 3600 + 601))
    #expect(member.status(of: "b") == nil)
    #expect(member.transcript.filter { $0.hasSuffix("reaped") } == ["c reaped", "b reaped"])
  }

  @Test("failed members are called now and then, and come back by their own word")
  func reconnecting() {
    var member = TestMember(knowing: ["b"])
    member.hear(.dead(.of("b", 1, by: "c")))
    member.clearTranscript()
    member.pass(.seconds(45))
    #expect(member.transcript.contains("exchange with b to join"))
    member.step(.exchanged(member.exchanges[0], .of([.of("b", 1, .alive), .of("a", 1, .dead)])))
    #expect(member.status(of: "b") == .alive)
    #expect(member.core.incarnation == Incarnation(2))
  }

  @Test("Serf's state is merged: times, who left, recent events; and told")
  func state() {
    var member = TestMember(knowing: ["b", "c"])
    var state = SerfState.nothing
    state.time = LamportTime(20)
    state.statusTimes = ["b": LamportTime(7), "c": LamportTime(9)]
    state.leftMembers = ["c"]
    state.eventTime = LamportTime(4)
    state.events = [
      LamportTime(3): [UserEvent(time: LamportTime(3), name: "deploy", payload: [1], coalesces: false)]
    ]
    member.step(.stateOffered(.of([], serf: state), StreamID(number: 1)))
    #expect(member.status(of: "c") == .leaving)
    #expect(member.core.serf.clock.time == LamportTime(20))
    #expect(member.transcript.last == "event deploy")
    let told = member.core.serf.state
    #expect(told.statusTimes["b"] == LamportTime(7) && told.statusTimes["c"] == LamportTime(10))
    #expect(told.events == state.events)
    #expect(member.core.serf.eventQueue.isEmpty)
  }

  // MARK: Events and queries

  @Test("an event is handed out and passed on once")
  func userEvents() {
    var member = TestMember(knowing: ["b"])
    let event = SerfMessage.userEvent(UserEvent(time: LamportTime(5), name: "deploy", payload: [], coalesces: true))
    for _ in 0..<3 { member.hear(event) }
    #expect(member.transcript == ["event deploy"])
    #expect(member.core.serf.eventQueue.count == 1)
    #expect(member.core.counters.repeated == 2)
    member.hear(.userEvent(UserEvent(time: LamportTime(2000), name: "later", payload: [], coalesces: true)))
    member.hear(.userEvent(UserEvent(time: LamportTime(6), name: "too old", payload: [], coalesces: true)))
    #expect(member.transcript == ["event deploy", "event later"])
    member.step(.fire(name: "ours", payload: [1], coalesces: false))
    member.step(.fire(name: "ours", payload: Array(repeating: 1, count: 600), coalesces: false))
    #expect(member.transcript.contains("event ours"))
    #expect(member.transcript.last?.hasPrefix("refused userEventTooLong") ?? false)
  }

  private func query(
    _ id: UInt32, filters: [[UInt8]] = [], flags: Query.Flags = [], name: String = "_serf_list-keys"
  ) -> SerfMessage {
    .query(
      Query(
        time: LamportTime(3), id: id, source: GossipAddress("b"), sourceName: "b", filters: filters, flags: flags,
        relayFactor: 0, timeout: 1_000_000_000, name: name, payload: [1, 2]))
  }

  @Test("a query is handed out once, acknowledged if it wants that, and answered to its asker")
  func queries() {
    var member = TestMember(knowing: ["b"])
    member.hear(query(1, flags: .acknowledges))
    member.hear(query(1, flags: .acknowledges))
    #expect(member.transcript == ["→b answer of a", "query _serf_list-keys"])
    guard case .query(let asked) = query(1) else { return }
    member.step(.answer(asked, payload: [3]))
    member.step(.answer(asked, payload: Array(repeating: 0, count: 2000)))
    #expect(member.transcript.dropFirst(2).first == "→b answer of a")
    #expect(member.transcript.last?.hasPrefix("refused answerTooLong") ?? false)
    #expect(member.core.serf.queryQueue.count == 1)
  }

  @Test("a query for others is passed on and not handed out; one that is not to be passed on is not")
  func filters() {
    var member = TestMember(knowing: ["b"])
    // Names, as msgpack: one of one letter.
    member.hear(query(1, filters: [[0, 0x91, 0xa1, UInt8(ascii: "x")]]))
    member.hear(query(2, filters: [[0, 0x91, 0xa1, UInt8(ascii: "a")]], flags: .isNotPassedOn, name: "ours"))
    member.hear(query(3, filters: [[1, 0x80]]))
    member.hear(query(4, filters: [[0, 0xdd, 0xff]]))
    #expect(member.transcript == ["query ours"])
    #expect(member.core.serf.queryQueue.count == 3)
  }

  @Test("answers to a query of this node's own are handed out until its time is over")
  func ownQueries() {
    var member = TestMember(knowing: ["b"])
    member.step(.ask(QueryRequest(name: "ours", payload: [], timeout: .seconds(2))))
    guard case .user(let bytes)? = member.core.serf.queryQueue.messages.first,
      case .query(let query)? = try? SerfCodec.decode(bytes)
    else { return #expect(Bool(false)) }
    let answer = SerfMessage.queryResponse(
      QueryResponse(time: query.time, id: query.id, from: "b", flags: 0, payload: [1]))
    member.hear(answer)
    member.hear(.queryResponse(QueryResponse(time: query.time, id: query.id &+ 1, from: "b", flags: 0, payload: [])))
    member.step(.answer(query, payload: []))
    #expect(member.transcript == ["query ours", "answered by b", "answered by a"])
    member.sleep(.seconds(3))
    member.hear(answer)
    #expect(!member.transcript.suffix(1).contains("answered by b"))
  }
}
