/// A ping for another member (SWIM §3.1's ping-req), whose answer is passed on.
struct Relay: Hashable, Sendable {
  /// Ours, in our ping.
  let number: ProbeNumber
  /// Of who asked.
  let original: ProbeNumber
  let asker: GossipDestination
  /// When to say that no answer came; nil once said, or when the asker would not understand.
  var nackAt: GossipInstant?
  let end: GossipInstant
}

extension GossipCore {
  /// As many as members may ask for in a probe time-out; more only if somebody floods.
  private static let maximumRelays = 256

  mutating func relay(_ request: IndirectPing, from sender: GossipAddress) {
    guard request.address.isUsable, isWellFormed(request.target) else {
      counts.malformed += 1
      return
    }
    guard relays.count < Self.maximumRelays else {
      counts.overflows += 1
      return
    }
    let number = takeProbeNumber()
    relays.append(
      Relay(
        number: number, original: request.number,
        asker: sourceOf(request.source, request.sourceName, else: sender),
        nackAt: request.wantsNack ? now + settings.nackTimeout : nil, end: now + settings.probeTimeout))
    let target = GossipDestination(address: request.address, name: request.target)
    send(.ping(ping(request.target, number: number)), to: target)
  }

  mutating func relayAnswered(_ number: ProbeNumber) {
    guard let index = relays.firstIndex(where: { $0.number == number }) else { return }
    let relay = relays.remove(at: index)
    send(.ack(Ack(number: relay.original)), to: relay.asker)
  }

  /// They end in the order in which they began, for all last equally long.
  mutating func runRelays() {
    for index in relays.indices {
      guard let time = relays[index].nackAt else { continue }
      guard time <= now else { break }
      relays[index].nackAt = nil
      send(.nack(relays[index].original), to: relays[index].asker)
    }
    let ended = relays.prefix { $0.end <= now }.count
    relays.removeFirst(ended)
  }

  /// When the first of them needs something.
  var relayDeadline: GossipInstant? {
    guard let end = relays.first?.end else { return nil }
    return min(relays.lazy.compactMap(\.nackAt).first ?? end, end)
  }
}

extension GossipSettings {
  /// A nack has to arrive before the round of the asker ends: 80 % of the time-out (Lifeguard §IV-A). memberlist
  /// waits for all of it, and its nacks come too late for a node that is well.
  var nackTimeout: Duration { probeTimeout * 4 / 5 }
}
