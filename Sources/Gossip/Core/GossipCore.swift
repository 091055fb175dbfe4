/// Membership by gossip as a value: SWIM (Das, Gupta and Motivala, 2002) with Lifeguard (Dadgar, Phillips and Currey,
/// 2017), as HashiCorp's memberlist has it, and Serf's layer above. An event goes in, actions come out.
///
/// It has no clock, no I/O and no randomness of its own: each step is given the time, and the seed of the generator
/// is given. Nothing that a packet says can stop it: what is out of bounds is counted and left.
package struct GossipCore: Sendable {
  package let name: MemberName
  package let settings: GossipSettings
  var random: SplitMix64
  var now: GossipInstant

  var members = MemberTable()
  var broadcasts: BroadcastQueue
  var serf: SerfLayer
  var health: LocalHealth
  var counts = GossipCounters()

  var probe: Probe?
  var relays: [Relay] = []
  var nextProbeNumber: UInt32
  var exchanges: [ExchangeID: Exchange] = [:]
  var nextExchange: UInt64 = 1
  var join: Join?
  var departure = Departure.staying

  var nextProbe: GossipInstant
  var nextGossip: GossipInstant
  var nextPushPull: GossipInstant
  var nextReconnect: GossipInstant
  /// No suspicion ends before; some may end later.
  var earliestSuspicion: GossipInstant?

  var actions: [GossipAction] = []
  /// Whether this step changed the members, so that all of them are checked.
  var hasChangedMembers = true

  /// - Parameters:
  ///   - meta: Serf's tags, encoded; at most `settings.maximumMetaBytes`.
  ///   - seed: another one for each start of each node.
  package init(
    name: MemberName, address: GossipAddress, meta: [UInt8], settings: GossipSettings = .lan, seed: UInt64,
    at now: GossipInstant
  ) {
    precondition(meta.count <= settings.maximumMetaBytes, "\(meta.count) bytes of meta")
    precondition(
      (1...settings.maximumNameBytes).contains(name.text.utf8.count), "a name of \(name.text.utf8.count) bytes")
    self.name = name
    self.settings = settings
    self.now = now
    random = SplitMix64(seed: seed)
    broadcasts = BroadcastQueue(maximumBytes: settings.maximumQueueBytes)
    health = LocalHealth(bound: settings.lifeguard.contains(.probe) ? settings.maximumHealthScore : 1)
    serf = SerfLayer(name: name, settings: settings, at: now)
    // Late answers to a probe of an earlier life are for none of this one.
    nextProbeNumber = UInt32(truncatingIfNeeded: random.next())
    nextProbe = now + random.part(of: settings.probeInterval)
    nextGossip = now + random.part(of: settings.gossipInterval)
    nextPushPull = now + random.part(of: settings.pushPullInterval)
    nextReconnect = now + settings.reconnectInterval
    addSelf(address: address, meta: meta)
  }

  private mutating func addSelf(address: GossipAddress, meta: [UInt8]) {
    let own = MemberRecord(
      name: name, address: address, meta: meta, versions: .ours, incarnation: Incarnation(1), state: .alive, since: now)
    members.insert(own, random: &random)
    serf.appeared(own)
    _ = serf.takeActions()
    broadcast(.alive(own.alive))
  }

  /// Takes one event. Carry out the actions in their order.
  package mutating func step(_ event: GossipEvent, at now: GossipInstant) -> [GossipAction] {
    precondition(now >= self.now, "time went back from \(self.now.nanoseconds) to \(now.nanoseconds)")
    forgivePause(until: now)
    self.now = now
    serf.now = now
    // First what is due: a time-out that is over does not wait for who comes first.
    runTimers()
    handle(event)
    actions += serf.takeActions()
    checkAll()
    defer { actions = [] }
    return actions
  }

  private mutating func handle(_ event: GossipEvent) {
    switch event {
    case .timer: break
    case .packet(let messages, let sender): for message in messages { receive(message, from: sender) }
    case .stateOffered(let state, let stream): answer(state, on: stream)
    case .streamPinged(let ping, let stream): answer(ping, on: stream)
    case .exchanged(let exchange, let state): exchanged(exchange, state)
    case .streamPingEnded(let number, let isAnswered): if isAnswered { streamAnswered(number) }
    case .join(let seeds): begin(joining: seeds)
    case .leave: beginLeaving()
    case .update(let meta): update(meta: meta)
    case .remove(let name, let prunes): remove(name, prunes: prunes)
    case .fire(let name, let payload, let coalesces): serf.fire(name: name, payload: payload, coalesces: coalesces)
    case .ask(let request): serf.ask(request, from: own.address, id: UInt32(truncatingIfNeeded: random.next() >> 33))
    case .answer(let query, let payload): serf.answer(query, payload: payload)
    }
  }

  private mutating func receive(_ message: MemberlistMessage, from sender: GossipAddress) {
    switch message {
    case .ping(let ping): receive(ping, from: sender)
    case .indirectPing(let request): relay(request, from: sender)
    case .ack(let ack): receive(ack)
    case .nack(let number): receiveNack(number)
    case .suspect(let suspicion): suspect(suspicion)
    case .alive(let alive): receive(alive)
    case .dead(let death): dead(death)
    case .user(let bytes): serf.receive(bytes)
    }
  }

  // MARK: Time

  /// When to step with ``GossipEvent/timer`` at the latest.
  package var deadline: GossipInstant {
    var deadline = min(nextGossip, nextPushPull, nextReconnect, probe?.deadline ?? nextProbe)
    if let relayDeadline { deadline = min(deadline, relayDeadline) }
    if let earliestSuspicion { deadline = min(deadline, earliestSuspicion) }
    if let end = departure.deadline { deadline = min(deadline, end) }
    return min(deadline, serf.deadline)
  }

  private mutating func runTimers() {
    runRelays()
    runProbe()
    runSuspicions()
    if nextGossip <= now {
      nextGossip = now + settings.gossipInterval
      gossip()
    }
    if nextPushPull <= now {
      nextPushPull = now + pushPullInterval
      exchangeWithAny()
    }
    if nextReconnect <= now {
      nextReconnect = now + settings.reconnectInterval
      reconnect()
    }
    serf.runTimers()
    runDeparture()
  }

  /// A node that was not run, because its process was stopped or its machine paused, has heard no refutation in that
  /// time: neither a probe that is under way nor a suspicion ends because of it.
  private mutating func forgivePause(until now: GossipInstant) {
    guard settings.lifeguard.contains(.pauses) else { return }
    let pause = now.since(deadline)
    guard pause > settings.probeTimeout else { return }
    counts.pauses += 1
    health.change(by: 1)
    probe?.extend(by: pause)
    members.extendSuspicions(by: pause)
    earliestSuspicion = earliestSuspicion.map { $0 + pause }
  }

  // MARK: This node

  var own: MemberRecord {
    guard let own = members.record(of: name) else { preconditionFailure("\(name) does not know itself") }
    return own
  }

  /// memberlist's count: those that are gone and not yet forgotten, too.
  var clusterSize: Int { members.count }
}
