internal import Gossip

/// A cluster of cores of the gossip in one thread and in virtual time, all from one seed.
///
/// The network loses, delays, doubles and reorders packets; streams are reliable and slow down with loss. Nodes
/// crash, start again, are stopped, are slow, leave. Checks are made after every step of a node.
package struct GossipSimulation {
  enum Occurrence {
    case timer(node: Int)
    case event(GossipEvent, node: Int, life: Int)
    case resume(node: Int)
    case unblock(node: Int)
    case start(node: Int)
    case joinAgain(node: Int, life: Int)
    case fault(GossipPlan.Fault)
    case look
  }

  let plan: GossipPlan
  var dice: Dice
  var now = VirtualTime.zero
  var queue = EventHeap<Occurrence>()
  var nodes: [GossipNode] = []
  var cuts: [(side: UInt64, end: VirtualTime)] = []
  var nextStream: UInt64 = 1
  /// Who waits on a stream, for which exchange or probe.
  var streams: [StreamID: OpenStream] = [:]
  var lossPerMille: Int
  var measures = GossipMeasures()
  var reporters: [Int: Set<Int>] = [:]
  /// A crash that was found later than it should.
  var lateDetection: String?
  let transcript: Transcript?

  struct OpenStream {
    var node: Int
    var life: Int
    var purpose: Purpose

    enum Purpose {
      case exchange(ExchangeID)
      case ping(ProbeNumber)
    }
  }

  package init(plan: GossipPlan, transcript: Transcript? = nil) {
    self.plan = plan
    lossPerMille = plan.lossPerMille
    self.transcript = transcript
    dice = Dice(seed: plan.seed ^ 0x5DEE_CE66_D1CE_4E5B)
    for index in 0..<plan.nodes { nodes.append(makeNode(index)) }
    for index in 0..<plan.nodes {
      let time: UInt64 = index == 0 ? 0 : dice.within(UInt64.milliseconds(100)...UInt64.milliseconds(5000))
      queue.push(.start(node: index), at: .zero + time)
    }
    for planned in plan.faults { queue.push(.fault(planned.fault), at: .zero + .milliseconds(planned.milliseconds)) }
  }

  private mutating func makeNode(_ index: Int) -> GossipNode {
    GossipNode(index: index, core: makeCore(index), views: Array(repeating: nil, count: plan.nodes))
  }

  mutating func makeCore(_ index: Int) -> GossipCore {
    GossipCore(
      name: GossipNode.name(index), address: GossipNode.address(index), meta: [UInt8(truncatingIfNeeded: index)],
      settings: plan.settings, seed: dice.next(), at: GossipInstant(nanoseconds: now.nanoseconds))
  }

  // MARK: Running

  package static func run(
    _ plan: GossipPlan, transcript: Transcript? = nil
  ) throws(GossipFailure) -> GossipMeasures {
    var simulation = Self(plan: plan, transcript: transcript)
    return try simulation.run()
  }

  /// Everything planned, and then until all agree.
  package mutating func run() throws(GossipFailure) -> GossipMeasures {
    let healed = VirtualTime.zero + .milliseconds(plan.faultsEndMilliseconds)
    try advance(to: healed)
    heal()
    let end = healed + .milliseconds(plan.settleMilliseconds)
    while disagreement() != nil {
      guard now < end else { throw failure(.convergence, disagreement() ?? "") }
      try advance(to: now + .seconds(1))
    }
    measures.convergence = Double(now.nanoseconds - healed.nanoseconds) / 1e9
    lossPerMille = 0
    try advance(to: now + .seconds(Self.quietSeconds))
    if let what = disagreement() { throw failure(.convergence, "again: \(what)") }
    try checkQuiet()
    return finish()
  }

  /// After all agree, and if nothing is lost, what they had to say has been said in this time.
  private static let quietSeconds: UInt64 = 60

  mutating func finish() -> GossipMeasures {
    for node in nodes {
      measures.suspicions += node.core.counters.suspicions
      measures.refutations += node.core.counters.refutations
    }
    return measures
  }

  package mutating func advance(to end: VirtualTime) throws(GossipFailure) {
    queue.push(.look, at: end)
    while let (time, occurrence) = queue.pop() {
      now = time
      if case .look = occurrence { return }
      try happen(occurrence)
    }
  }

  private mutating func happen(_ occurrence: Occurrence) throws(GossipFailure) {
    switch occurrence {
    case .timer(let index):
      guard nodes[index].timerAt == now else { return }
      nodes[index].timerAt = nil
      try step(index, .timer)
    case .event(let event, let index, let life):
      guard nodes[index].life == life, nodes[index].isUp else { return }
      try step(index, event)
    case .resume(let index): try resume(index)
    case .unblock(let index): try unblock(index)
    case .start(let index): try start(index)
    case .joinAgain(let index, let life): if nodes[index].life == life, nodes[index].isUp { try join(index) }
    case .fault(let fault): try begin(fault)
    case .look: break
    }
  }

  /// Steps a node, unless its process is stopped.
  mutating func step(_ index: Int, _ event: GossipEvent) throws(GossipFailure) {
    guard nodes[index].isUp else { return }
    if nodes[index].pausedUntil != nil || isBlocked(index, event) {
      if nodes[index].held.count < Self.heldEvents { nodes[index].held.append(event) }
      return
    }
    measures.steps += 1
    let before = event.isExchange ? nodes[index].core : nil
    let actions = nodes[index].core.step(event, at: GossipInstant(nanoseconds: now.nanoseconds))
    try check(index, after: event, before: before, actions)
    for action in actions { try carryOut(action, of: index) }
    scheduleTimer(index)
  }

  /// What a socket keeps of packets.
  private static let heldEvents = 4096

  private func isBlocked(_ index: Int, _ event: GossipEvent) -> Bool {
    guard nodes[index].blockedUntil > now else { return false }
    if case .timer = event { return false }
    return true
  }

  private mutating func scheduleTimer(_ index: Int) {
    let deadline = VirtualTime(nanoseconds: max(nodes[index].core.deadline.nanoseconds, now.nanoseconds))
    if let at = nodes[index].timerAt, at == deadline { return }
    nodes[index].timerAt = deadline
    queue.push(.timer(node: index), at: deadline)
  }

  private mutating func resume(_ index: Int) throws(GossipFailure) {
    guard let end = nodes[index].pausedUntil, end <= now else { return }
    nodes[index].pausedUntil = nil
    try release(index)
  }

  private mutating func unblock(_ index: Int) throws(GossipFailure) {
    guard nodes[index].blockedUntil <= now else { return }
    let actions = nodes[index].heldOut
    nodes[index].heldOut = []
    for action in actions { try carryOut(action, of: index) }
    try release(index)
  }

  private mutating func release(_ index: Int) throws(GossipFailure) {
    let held = nodes[index].held
    nodes[index].held = []
    for event in held { try step(index, event) }
    if nodes[index].isUp { try step(index, .timer) }
  }

  func failure(_ check: GossipCheck, _ what: String) -> GossipFailure {
    GossipFailure(seed: plan.seed, nodes: plan.nodes, check: check, what: what, time: now)
  }

  mutating func say(_ line: @autoclosure () -> String) {
    transcript?.add("\(now) \(line())")
  }
}

extension GossipEvent {
  fileprivate var isExchange: Bool {
    switch self {
    case .exchanged, .stateOffered: true
    default: false
    }
  }
}
