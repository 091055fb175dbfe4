internal import Gossip

/// What a shell does, and what the network does to it.
extension GossipSimulation {
  mutating func carryOut(_ action: GossipAction, of index: Int) throws(GossipFailure) {
    if nodes[index].blockedUntil > now, action.goesOut {
      if nodes[index].heldOut.count < Self.heldActions { nodes[index].heldOut.append(action) }
      return
    }
    switch action {
    case .send(let messages, let receiver): send(messages, from: index, to: receiver)
    case .exchange(let state, let id, let other):
      open(.exchange(id), .offer(state), from: index, to: other, within: nil)
    case .pingOverStream(let ping, let other, let time):
      open(.ping(ping.number), .ping(ping), from: index, to: other, within: time)
    case .answerExchange(let state, let stream): answer(stream, from: index, state)
    case .acknowledge(_, let stream): answer(stream, from: index, nil)
    case .close, .conflict, .tooManyMembers, .query, .queryAnswered, .userEvent, .refused: break
    case .joined(let contacted, _): if contacted == 0 { joinLater(index) }
    case .left: left(index)
    case .member(let event): report(event, by: index)
    }
  }

  private static let heldActions = 4096

  private mutating func send(_ messages: [MemberlistMessage], from index: Int, to receiver: GossipDestination) {
    measures.packets += 1
    guard let target = GossipNode.index(of: receiver.address), target < nodes.count else { return }
    if dice.chance(perMille: lossPerMille) || isCut(index, target) { return }
    deliver(messages, from: index, to: target)
    if dice.chance(perMille: plan.duplicatesPerMille) { deliver(messages, from: index, to: target) }
  }

  private mutating func deliver(_ messages: [MemberlistMessage], from index: Int, to target: Int) {
    var delay = travel()
    if nodes[target].slowUntil > now { delay += dice.within(0...nodes[target].slowness) }
    let event = GossipEvent.packet(messages, from: GossipNode.address(index))
    queue.push(.event(event, node: target, life: nodes[target].life), at: now + delay)
  }

  private mutating func travel() -> UInt64 {
    .microseconds(dice.within(100...max(plan.maximumDelayMicroseconds, 100)))
  }

  func isCut(_ left: Int, _ right: Int) -> Bool {
    cuts.contains { $0.end > now && ($0.side >> UInt64(left % 64)) & 1 != ($0.side >> UInt64(right % 64)) & 1 }
  }

  // MARK: Streams

  enum Opening {
    case offer(PushPull)
    case ping(Ping)
  }

  /// A stream comes up if nothing is cut and the other is there. Each lost segment costs the kernel's time to send it
  /// again.
  private mutating func open(
    _ purpose: OpenStream.Purpose, _ opening: Opening, from index: Int, to other: GossipDestination,
    within time: Duration?
  ) {
    measures.streams += 1
    let life = nodes[index].life
    let patience = UInt64(max(Int64((time ?? plan.settings.streamTimeout) / .nanoseconds(1)), 0))
    queue.push(.event(Self.failed(purpose), node: index, life: life), at: now + patience)
    guard let target = GossipNode.index(of: other.address), target < nodes.count, target != index else { return }
    guard !isCut(index, target), nodes[target].isUp else { return }
    let id = StreamID(number: nextStream)
    nextStream += 1
    streams[id] = OpenStream(node: index, life: life, purpose: purpose)
    let event: GossipEvent =
      switch opening {
      case .offer(let state): .stateOffered(state, id)
      case .ping(let ping): .streamPinged(ping, id)
      }
    queue.push(.event(event, node: target, life: nodes[target].life), at: now + streamTravel(segments: 3))
  }

  private mutating func answer(_ stream: StreamID, from index: Int, _ state: PushPull?) {
    guard let open = streams.removeValue(forKey: stream), !isCut(index, open.node) else { return }
    let event: GossipEvent =
      switch open.purpose {
      case .exchange(let id): .exchanged(id, state)
      case .ping(let number): .streamPingEnded(number, isAnswered: true)
      }
    queue.push(.event(event, node: open.node, life: open.life), at: now + streamTravel(segments: 1))
  }

  private static func failed(_ purpose: OpenStream.Purpose) -> GossipEvent {
    switch purpose {
    case .exchange(let id): .exchanged(id, nil)
    case .ping(let number): .streamPingEnded(number, isAnswered: false)
    }
  }

  /// Linux sends again after 200 ms, and a SYN after a second.
  private mutating func streamTravel(segments: Int) -> UInt64 {
    var time: UInt64 = 0
    for segment in 0..<segments {
      time += travel()
      var attempts = 0
      while dice.chance(perMille: lossPerMille), attempts < 6 {
        time += segment == 0 && segments > 1 ? .seconds(1) : .milliseconds(200 << UInt64(attempts))
        attempts += 1
      }
    }
    return time
  }
}

extension GossipAction {
  var goesOut: Bool {
    switch self {
    case .send, .exchange, .pingOverStream, .answerExchange, .acknowledge, .close: true
    case .member, .conflict, .tooManyMembers, .joined, .left, .query, .queryAnswered, .userEvent, .refused: false
    }
  }
}
