import Testing

@testable import Gossip

/// One core, the time it is given, and what it does, as text.
struct TestMember {
  var core: GossipCore
  var now: GossipInstant
  private(set) var transcript: [String] = []
  /// The newest ping to each, for answers.
  private(set) var pings: [String: ProbeNumber] = [:]
  private(set) var exchanges: [ExchangeID] = []
  private(set) var offers: [PushPull] = []
  private(set) var packets: [(messages: [MemberlistMessage], receiver: GossipDestination)] = []

  /// `a`, who knows the others as alive under incarnation 1, and has told all of it.
  init(knowing others: [String] = [], settings: GossipSettings = .lan, seed: UInt64 = 1) {
    now = GossipInstant(nanoseconds: 1_000_000_000)
    core = GossipCore(
      name: "a", address: GossipAddress("a"), meta: [1], settings: settings, seed: seed, at: now)
    for other in others { hear(.alive(.of(other, 1))) }
    core.broadcasts = BroadcastQueue(maximumBytes: settings.maximumQueueBytes)
    clearTranscript()
  }

  mutating func clearTranscript() {
    transcript = []
    packets = []
  }

  @discardableResult
  mutating func step(_ event: GossipEvent) -> [GossipAction] {
    let actions = core.step(event, at: now)
    for action in actions { note(action) }
    return actions
  }

  mutating func hear(_ messages: MemberlistMessage..., from sender: String = "b") {
    step(.packet(messages, from: GossipAddress(sender)))
  }

  mutating func hear(_ message: SerfMessage) { hear(.user(SerfCodec.encode(message))) }

  /// Steps at each deadline on the way.
  mutating func pass(_ duration: Duration) {
    let end = now + duration
    while core.deadline <= end {
      now = max(core.deadline, now)
      step(.timer)
    }
    now = end
    step(.timer)
  }

  /// The time goes on, and nothing runs.
  mutating func sleep(_ duration: Duration) { now = now + duration }

  /// Until the next ping to that member, its number. Others answer.
  mutating func awaitPing(to name: String) -> ProbeNumber {
    pings[name] = nil
    for _ in 0..<100_000 {
      if let number = pings[name] { return number }
      for (other, number) in pings { step(.packet([.ack(Ack(number: number))], from: GossipAddress(other))) }
      pings = [:]
      now = max(core.deadline, now)
      step(.timer)
    }
    Issue.record("\(name) is not probed")
    return ProbeNumber(0)
  }

  func state(of name: String) -> MemberSummary.State? { core.state(of: MemberName(name)) }
  func status(of name: String) -> MemberStatus? { core.memberView(of: MemberName(name))?.status }

  /// Takes down what is done; pings of rounds only by number.
  private mutating func note(_ action: GossipAction) {
    switch action {
    case .send(let messages, let receiver):
      packets.append((messages, receiver))
      for case .ping(let ping) in messages { pings[ping.target.text] = ping.number }
      transcript.append("→\(receiver.name?.text ?? "?") " + messages.map(\.text).joined(separator: ", "))
    case .exchange(let state, let id, let other):
      exchanges.append(id)
      offers.append(state)
      transcript.append("exchange with \(other.name?.text ?? other.address.text)\(state.isJoin ? " to join" : "")")
    case .answerExchange(let state, _):
      offers.append(state)
      transcript.append("answer with \(state.members.map(\.member.text).sorted().joined(separator: " "))")
    case .pingOverStream(_, let other, let time):
      transcript.append("stream ping to \(other.name?.text ?? "?") within \(time)")
    case .acknowledge: transcript.append("acknowledge")
    case .close: transcript.append("close")
    case .member(let event): transcript.append("\(event.member.name) \(event.kind.rawValue)")
    case .conflict(let name, let existing, let other):
      transcript.append("conflict over \(name): \(existing.text), \(other.text)")
    case .tooManyMembers(let name, let maximum): transcript.append("\(name) is more than \(maximum)")
    case .joined(let contacted, let seeds): transcript.append("joined by \(contacted) of \(seeds)")
    case .left: transcript.append("left")
    case .query(let query): transcript.append("query \(query.name)")
    case .queryAnswered(let response):
      transcript.append("\(response.flags == 1 ? "acknowledged" : "answered") by \(response.from)")
    case .userEvent(let event): transcript.append("event \(event.name)")
    case .refused(let refusal): transcript.append("refused \(refusal)")
    }
  }
}

extension MemberName: ExpressibleByStringLiteral {
  package init(stringLiteral text: String) { self.init(text) }
}

extension GossipAddress {
  /// Of a member of one letter, at its own port.
  init(_ name: String) {
    self.init(bytes: [10, 0, 0, name.utf8.first ?? 0], port: 7946)
  }

  var text: String { bytes.count == 4 ? String(UnicodeScalar(bytes[3])) : "?" }
}

extension Alive {
  static func of(_ name: String, _ incarnation: UInt32, meta: [UInt8] = [], at address: String? = nil) -> Self {
    Alive(
      incarnation: Incarnation(incarnation), member: MemberName(name), address: GossipAddress(address ?? name),
      meta: meta,
      versions: .ours)
  }
}

extension Suspicion {
  static func of(_ name: String, _ incarnation: UInt32, by accuser: String) -> Self {
    Suspicion(incarnation: Incarnation(incarnation), member: MemberName(name), from: MemberName(accuser))
  }
}

extension Death {
  static func of(_ name: String, _ incarnation: UInt32, by accuser: String) -> Self {
    Death(incarnation: Incarnation(incarnation), member: MemberName(name), from: MemberName(accuser))
  }
}

extension MemberSummary {
  static func of(_ name: String, _ incarnation: UInt32, _ state: State) -> Self {
    MemberSummary(
      member: MemberName(name), address: GossipAddress(name), meta: [], incarnation: Incarnation(incarnation),
      state: state, versions: .ours)
  }
}

extension PushPull {
  static func of(_ members: [MemberSummary], isJoin: Bool = false, serf: SerfState = .nothing) -> Self {
    PushPull(isJoin: isJoin, members: members, userState: SerfCodec.encode(serf))
  }
}

extension SerfState {
  static var nothing: Self {
    SerfState(
      time: LamportTime(1), statusTimes: [:], leftMembers: [], eventTime: LamportTime(1), events: [:],
      queryTime: LamportTime(1))
  }
}

extension MemberlistMessage {
  var text: String {
    switch self {
    case .ping(let ping): "ping \(ping.target)"
    case .indirectPing(let ping): "ping \(ping.target) for me"
    case .ack: "ack"
    case .nack: "nack"
    case .suspect(let suspicion): "suspect \(suspicion.member)@\(suspicion.incarnation) by \(suspicion.from)"
    case .alive(let alive): "alive \(alive.member)@\(alive.incarnation)"
    case .dead(let death): "dead \(death.member)@\(death.incarnation) by \(death.from)"
    case .user(let bytes): (try? SerfCodec.decode(bytes)).map(\.text) ?? "user"
    }
  }
}

extension SerfMessage {
  var text: String {
    switch self {
    case .leave(let intent): "leave \(intent.member) at \(intent.time)\(intent.prunes ? ", prune" : "")"
    case .join(let intent): "join \(intent.member) at \(intent.time)"
    case .userEvent(let event): "event \(event.name)"
    case .query(let query): "query \(query.name)"
    case .queryResponse(let response): "answer of \(response.from)"
    case .other(let type, _): "serf \(type)"
    }
  }
}
