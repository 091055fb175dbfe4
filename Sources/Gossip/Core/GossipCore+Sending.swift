import Glibc

/// What goes out: messages with news on their back (SWIM §4.1), and news alone.
extension GossipCore {
  /// Sends a message, and with it what news there is room for.
  mutating func send(_ message: MemberlistMessage, and second: MemberlistMessage? = nil, to receiver: GossipDestination)
  {
    var packet = Packet(room: settings.maximumPacketBytes - settings.packetOverheadBytes)
    packet.start(with: message, bytes: MessageBytes.count(of: message))
    if let second { packet.start(with: second, bytes: MessageBytes.count(of: second)) }
    addNews(to: &packet)
    actions.append(.send(packet.messages, to: receiver))
  }

  /// What is news of members first, then what Serf says.
  private mutating func addNews(to packet: inout Packet) {
    broadcasts.take(into: &packet, limit: transmissionLimit(members: clusterSize))
    serf.addNews(to: &packet, limit: transmissionLimit(members: serf.count))
  }

  /// λ · ⌈log10(n + 1)⌉: then all but every n-th member has it with high probability (SWIM §4.1).
  private func transmissionLimit(members: Int) -> Int {
    if settings.has(.unlimitedTransmissions) { return .max }
    return settings.retransmitMultiplier * Int(log10(Double(members + 1)).rounded(.up))
  }

  /// Queues news of a member, in the place of older news of it.
  mutating func broadcast(_ message: MemberlistMessage) {
    let subject =
      switch message {
      case .alive(let alive): alive.member
      case .suspect(let suspicion): suspicion.member
      case .dead(let death): death.member
      case .ping, .indirectPing, .ack, .nack, .user: preconditionFailure("\(message) is no news of a member")
      }
    broadcasts.add(message, bytes: MessageBytes.count(of: message), about: subject)
  }

  /// Tells some members what is new, the recently dead too: one that is not dead hears what is said of it.
  mutating func gossip() {
    repeatDeath()
    guard !broadcasts.isEmpty || serf.hasNews else { return }
    let receivers = members.sample(settings.gossipFanout, random: &random) { record in
      switch record.state {
      case .alive, .suspect: record.name != name
      case .dead: now.since(record.since) <= settings.gossipToTheDead
      case .left: false
      }
    }
    for receiver in receivers {
      var packet = Packet(room: settings.maximumPacketBytes - settings.packetOverheadBytes)
      addNews(to: &packet)
      if packet.messages.isEmpty { return }
      actions.append(.send(packet.messages, to: receiver.destination))
    }
  }
}
