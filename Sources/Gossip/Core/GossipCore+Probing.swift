/// A probe under way: the ping, then others asked to ping, then the end of the round (SWIM §3.1).
struct Probe: Hashable, Sendable {
  let number: ProbeNumber
  let target: GossipDestination
  let name: MemberName
  let incarnation: Incarnation
  /// When others are asked; nil once they are.
  var askOthersAt: GossipInstant?
  var end: GossipInstant
  var expectedNacks = 0
  var nacks = 0

  var deadline: GossipInstant { askOthersAt ?? end }

  mutating func extend(by pause: Duration) {
    askOthersAt = askOthersAt.map { $0 + pause }
    end = end + pause
  }
}

extension GossipCore {
  mutating func runProbe() {
    if let probe {
      if let time = probe.askOthersAt, time <= now { askOthers() }
      if probe.end <= now { endFailedProbe() }
    }
    if probe == nil, nextProbe <= now { beginProbe() }
  }

  private mutating func beginProbe() {
    nextProbe = now + settings.probeInterval
    let forgetful = forgetfulness
    guard let target = members.takeNextToProbe(except: name, random: &random, forgetting: forgetful) else { return }
    hasChangedMembers = true
    counts.probes += 1
    let number = takeProbeNumber()
    probe = Probe(
      number: number, target: target.destination, name: target.name, incarnation: target.incarnation,
      askOthersAt: now + health.scaled(settings.probeTimeout), end: now + health.scaled(settings.probeInterval))
    // The buddy system (Lifeguard §IV-C): a suspect is told by who probes it, so that it need not wait for the gossip.
    var accusation: MemberlistMessage?
    if target.state == .suspect, settings.lifeguard.contains(.buddy) {
      accusation = .suspect(Suspicion(incarnation: target.incarnation, member: target.name, from: name))
    }
    send(.ping(ping(target.name, number: number)), and: accusation, to: target.destination)
  }

  /// Those that are gone are gossiped to for a while, and then forgotten. This node never forgets itself.
  private var forgetfulness: (MemberRecord) -> Bool {
    let (name, now, time) = (name, now, settings.gossipToTheDead)
    return { $0.isGone && $0.name != name && now.since($0.since) > time }
  }

  func ping(_ target: MemberName, number: ProbeNumber) -> Ping {
    Ping(number: number, target: target, source: own.address, sourceName: name)
  }

  mutating func takeProbeNumber() -> ProbeNumber {
    nextProbeNumber &+= 1
    return ProbeNumber(nextProbeNumber)
  }

  /// No answer in time: some others are asked to ping it, and it is pinged over a stream, for UDP may be what is
  /// broken.
  private mutating func askOthers() {
    guard var probe else { return }
    probe.askOthersAt = nil
    let others = members.sample(settings.indirectProbes, random: &random) { record in
      record.state == .alive && record.name != name && record.name != probe.name
    }
    for other in others {
      let nacks = other.versions.maximum >= Self.versionOfNacks
      if nacks { probe.expectedNacks += 1 }
      counts.indirectProbes += 1
      let request = IndirectPing(
        number: probe.number, target: probe.name, address: probe.target.address, wantsNack: nacks, source: own.address,
        sourceName: name)
      send(.indirectPing(request), to: other.destination)
    }
    self.probe = probe
    if settings.pingsOverStream {
      let ping = ping(probe.name, number: probe.number)
      actions.append(.pingOverStream(ping, to: probe.target, within: probe.end.since(now)))
    }
  }

  private static let versionOfNacks: UInt8 = 4

  mutating func receive(_ ack: Ack) {
    if probe?.number == ack.number {
      endSuccessfulProbe()
    } else {
      relayAnswered(ack.number)
    }
  }

  mutating func receiveNack(_ number: ProbeNumber) {
    guard let probe, probe.number == number, probe.nacks < probe.expectedNacks else { return }
    self.probe?.nacks += 1
  }

  mutating func streamAnswered(_ number: ProbeNumber) {
    guard probe?.number == number else { return }
    counts.answersOverStreamOnly += 1
    endSuccessfulProbe()
  }

  private mutating func endSuccessfulProbe() {
    endProbe()
    health.change(by: -1)
  }

  /// The next one begins at once when this one took longer than the interval, and no sooner: a time that is over
  /// would look as if nobody had run this node.
  private mutating func endProbe() {
    probe = nil
    nextProbe = max(nextProbe, now)
  }

  /// Those who were asked say at least that they got no answer either (a nack). If they do not, it may be this node
  /// that hears nobody (Lifeguard §IV-A).
  private mutating func endFailedProbe() {
    guard let probe else { return }
    endProbe()
    counts.failedProbes += 1
    health.change(by: probe.expectedNacks > 0 ? max(probe.expectedNacks - probe.nacks, 0) : 1)
    suspect(Suspicion(incarnation: probe.incarnation, member: probe.name, from: name))
  }

  /// Answers who asks for this node.
  mutating func receive(_ ping: Ping, from sender: GossipAddress) {
    guard ping.target == name || ping.target.text.isEmpty else {
      counts.misdirected += 1
      return
    }
    send(.ack(Ack(number: ping.number)), to: sourceOf(ping.source, ping.sourceName, else: sender))
  }

  mutating func answer(_ ping: Ping, on stream: StreamID) {
    guard ping.target == name || ping.target.text.isEmpty else {
      counts.misdirected += 1
      actions.append(.close(stream))
      return
    }
    actions.append(.acknowledge(Ack(number: ping.number), stream))
  }

  /// Where an answer goes: to where the asker says it is, or where the packet came from.
  func sourceOf(_ source: GossipAddress?, _ name: MemberName?, else sender: GossipAddress) -> GossipDestination {
    guard let source, source.isUsable else { return GossipDestination(address: sender, name: name) }
    return GossipDestination(address: source, name: name)
  }
}
