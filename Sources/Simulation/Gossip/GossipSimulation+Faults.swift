internal import Gossip

/// What happens to nodes.
extension GossipSimulation {
  mutating func start(_ index: Int) throws(GossipFailure) {
    guard !nodes[index].isUp else { return }
    say("n\(index) starts")
    nodes[index].core = makeCore(index)
    nodes[index].process = .running
    nodes[index].life += 1
    nodes[index].crashedAt = nil
    nodes[index].leftAt = nil
    nodes[index].pausedUntil = nil
    nodes[index].held = []
    nodes[index].heldOut = []
    nodes[index].timerAt = nil
    nodes[index].views = Array(repeating: nil, count: nodes.count)
    nodes[index].disturbedUntil = max(nodes[index].disturbedUntil, now + .seconds(Self.startSeconds))
    reporters[index] = nil
    try step(index, .timer)
    try join(index)
  }

  /// A node that has just started is not yet known everywhere.
  private static let startSeconds: UInt64 = 15

  /// Through some that are up, as a file of known peers would have them.
  mutating func join(_ index: Int) throws(GossipFailure) {
    let others = nodes.indices.filter { $0 != index && nodes[$0].process == .running }
    guard !others.isEmpty else { return }
    let seeds = (0..<2).compactMap { _ in dice.pick(others) }
    try step(index, .join(seeds.map(GossipNode.address)))
  }

  mutating func joinLater(_ index: Int) {
    queue.push(.joinAgain(node: index, life: nodes[index].life), at: now + .seconds(2))
  }

  mutating func begin(_ fault: GossipPlan.Fault) throws(GossipFailure) {
    say("\(fault)")
    switch fault {
    case .crash(let index): crash(index)
    case .restart(let index): try start(index)
    case .pause(let index, let time): pause(index, .milliseconds(time))
    case .slow(let index, let slowness, let time): slow(index, .milliseconds(slowness), .milliseconds(time))
    case .partition(let side, let time): cut(side, .milliseconds(time))
    case .leave(let index): try leave(index)
    case .update(let index): try step(index, .update(meta: [UInt8(truncatingIfNeeded: index), 1]))
    case .impostor(let index): try impersonate(index)
    case .remove(let index): try remove(index)
    }
  }

  private mutating func crash(_ index: Int) {
    guard nodes[index].isUp else { return }
    nodes[index].process = .down
    nodes[index].crashedAt = now
    nodes[index].leftAt = nil
    nodes[index].timerAt = nil
    reporters[index] = []
  }

  private mutating func pause(_ index: Int, _ time: UInt64) {
    guard nodes[index].isUp else { return }
    let end = now + time
    nodes[index].pausedUntil = max(nodes[index].pausedUntil ?? end, end)
    queue.push(.resume(node: index), at: end)
    disturb(index, until: end)
  }

  private mutating func slow(_ index: Int, _ slowness: UInt64, _ time: UInt64) {
    nodes[index].slowness = slowness
    nodes[index].slowUntil = max(nodes[index].slowUntil, now + time)
    disturb(index, until: now + time + slowness)
  }

  /// What others think of a node that something was wrong with takes a while to be right again.
  mutating func disturb(_ index: Int, until end: VirtualTime) {
    nodes[index].disturbedUntil = max(nodes[index].disturbedUntil, end + .seconds(Self.aftermathSeconds))
  }

  private static let aftermathSeconds: UInt64 = 60

  private mutating func cut(_ side: UInt64, _ time: UInt64) {
    cuts.append((side, now + time))
    for index in nodes.indices { disturb(index, until: now + time) }
  }

  private mutating func leave(_ index: Int) throws(GossipFailure) {
    guard nodes[index].process == .running, nodes[index].pausedUntil == nil else { return }
    nodes[index].process = .leaving
    nodes[index].leftAt = now
    try step(index, .leave)
  }

  mutating func left(_ index: Int) {
    guard nodes[index].process == .leaving else { return }
    say("n\(index) has left")
    nodes[index].process = .left
    nodes[index].timerAt = nil
  }

  /// Somebody with a higher incarnation than the owner's, at an address where nobody is.
  private mutating func impersonate(_ index: Int) throws(GossipFailure) {
    let name = GossipNode.name(index)
    let knowing = nodes.indices.first {
      $0 != index && nodes[$0].isUp && nodes[$0].pausedUntil == nil && nodes[$0].core.state(of: name) == .alive
    }
    guard nodes[index].process == .running, let target = knowing else { return }
    let alive = Alive(
      incarnation: Incarnation(nodes[index].highestIncarnation.value + 10), member: GossipNode.name(index),
      address: GossipAddress(bytes: [192, 0, 2, 1], port: 7946), meta: [], versions: .ours)
    try step(target, .packet([.alive(alive)], from: alive.address))
  }

  private mutating func remove(_ index: Int) throws(GossipFailure) {
    guard !nodes[index].isUp else { return }
    guard let other = nodes.indices.first(where: { nodes[$0].isUp && nodes[$0].pausedUntil == nil }) else { return }
    guard nodes[other].core.memberView(of: GossipNode.name(index))?.status == .failed else { return }
    try step(other, .remove(GossipNode.name(index), prunes: false))
  }

  /// Nothing goes wrong any more, but for packets that are lost.
  mutating func heal() {
    cuts = []
    for index in nodes.indices {
      nodes[index].slowUntil = now
      guard nodes[index].pausedUntil != nil else { continue }
      nodes[index].pausedUntil = now
      queue.push(.resume(node: index), at: now)
    }
  }
}
