import CommitLog
import DequeModule
import Raft

/// Nodes' lives, timers and disks.
extension ClusterSimulation {
  func start(_ node: SimulatedNode) throws(Violation) {
    let before = node.storage.start.nextIndex.rawValue - 1
    guard let chain = oracle.chain(at: before) else {
      throw Violation(.stateMachineSafety, "\(node.id)'s log starts after \(before), which nobody committed")
    }
    coverage.hit(.restart)
    node.start(settings, seed: dice.next(), at: now, chainBefore: chain)
    note("\(node.id) starts, life \(node.life): log to \(node.mirror.lastIndex), term \(node.role.term)")
    for entry in node.mirror.entries { try oracle.appended(entry, by: node.peer) }
    try step(node, .timer)
    readSoon(at: node, within: .milliseconds(300))
  }

  func crash(_ node: SimulatedNode) throws(Violation) {
    guard node.isRunning else { return }
    coverage.hit(.crash)
    let writes = Array(node.disk.waiting)
    let (whole, hasPart) = node.storage.crash(during: writes, keeping: diskDice.next())
    if whole < writes.count { coverage.hit(.lostWrites) }
    if hasPart { coverage.hit(.tornAppend) }
    note("\(node.id) crashes: of \(writes.count) writes \(whole) are there\(hasPart ? ", one in part" : "")")
    // A vote that came to the disk counts, whether its node lived to know it or not.
    if node.storage.hardState.vote != nil { try oracle.voted(node.storage.hardState, by: node.peer) }
    node.stop()
    if oracle.committedIndex == 0 { oracle.forgetLogs() }
    for other in nodes where other !== node && dice.chance(perMille: 500) {
      network.breakConnection(node.slot, other.slot)
      tellDisconnected(other, from: node)
    }
  }

  func tellDisconnected(_ node: SimulatedNode, from other: SimulatedNode) {
    let time = now + .microseconds(100) + dice.below(.milliseconds(20))
    heap.push(.disconnected(slot: node.slot, run: node.run, peer: other.peer), at: time)
  }

  // MARK: Input

  /// A process that is stopped finds it all later; the kernel's buffers are bounded.
  private static let maximumInbox = 2000

  func give(_ input: SimulatedNode.Input, to node: SimulatedNode) throws(Violation) {
    guard node.isRunning else {
      if case .request(let request) = input { reply(to: request, .tryLater) }
      return
    }
    if node.pauses > 0 {
      if node.inbox.count < Self.maximumInbox { node.inbox.append(input) }
      return
    }
    try take(input, on: node)
  }

  private func take(_ input: SimulatedNode.Input, on node: SimulatedNode) throws(Violation) {
    switch input {
    case .event(let event): try step(node, event)
    case .refused(let end): try takeRefusal(endingAt: end, on: node)
    case .request(let request): try handle(request, on: node)
    }
  }

  func resume(_ node: SimulatedNode) throws(Violation) {
    guard node.isRunning, node.pauses == 0 else { return }
    coverage.hit(.resume)
    note("\(node.id) goes on, \(node.inbox.count) events wait")
    while let input = node.inbox.popFirst() { try take(input, on: node) }
    try step(node, .timer)
  }

  func step(_ node: SimulatedNode, _ event: Event) throws(Violation) {
    guard let actions = node.core?.step(event, at: node.clock.moment(at: now)) else { return }
    if isNoting { note(event, actions, on: node) }
    if case .refused = event { dropRefused(on: node) }
    mixIntoFingerprint(now.nanoseconds ^ UInt64(node.slot) << 56 ^ UInt64(actions.count) << 48)
    for action in actions { try carryOut(action, on: node) }
    try checkConfigurationInForce(on: node)
    try checkBounds(of: node)
    beginWriting(on: node)
    setTimer(of: node)
  }

  private func note(_ event: Event, _ actions: [Action], on node: SimulatedNode) {
    var isHeartbeat = false
    if case .timer = event { isHeartbeat = true }
    if case .received(let message, _) = event { isHeartbeat = message.isHeartbeat }
    let shown = actions.filter { action in
      if case .send(let message, _) = action { !message.isHeartbeat } else { true }
    }
    // What happens all the time says nothing.
    guard !isHeartbeat || !shown.isEmpty else { return }
    note("\(node.id): \(event.text)")
    for action in shown { note("  \(node.id) \(action)") }
  }

  // MARK: Time

  private func setTimer(of node: SimulatedNode) {
    guard let core = node.core else { return }
    let time = max(node.clock.time(of: core.deadline), now)
    // One that comes too early sets another.
    if let known = node.timerAt, known <= time { return }
    node.timerAt = time
    heap.push(.timer(slot: node.slot, run: node.run), at: time)
  }

  func timerFires(on node: SimulatedNode) throws(Violation) {
    guard let core = node.core, let timerAt = node.timerAt, timerAt <= now else { return }
    node.timerAt = nil
    // Who is stopped looks at the clock when it goes on.
    if node.pauses > 0 { return }
    if node.clock.moment(at: now).instant < core.deadline { return setTimer(of: node) }
    try step(node, .timer)
    try checkLeaderIsHeard(node)
  }

  /// Check-quorum (thesis §6.2), with room for clocks that drift.
  private func checkLeaderIsHeard(_ node: SimulatedNode) throws(Violation) {
    let bound = 3 * settings.electionTimeout.nanoseconds
    guard node.isLeader, node.leadsSince + bound < now, let configuration = node.configuration?.configuration,
      configuration.voters.count > 1
    else { return }
    let isHeard = configuration.hasQuorum { voter in
      let slot = SimulatedNode.slot(of: voter.id)
      return voter == node.peer || node.heard[slot] + bound >= now
    }
    guard isHeard else {
      throw Violation(.checkQuorum, "\(node.id) leads in term \(node.role.term) and has long heard no quorum")
    }
  }

  // MARK: Disk

  func beginWriting(on node: SimulatedNode) {
    if node.disk.waiting.isEmpty { node.termOfIdleDisk = node.role.term.rawValue }
    guard node.disk.begin(groupsWrites: plan.groupsWrites) else { return }
    var time = diskDice.below(plan.writeTime) + .microseconds(20)
    if node.disk.slow > 0 { time += .milliseconds(50) + diskDice.below(.milliseconds(1500)) }
    heap.push(.diskDone(slot: node.slot, run: node.run), at: now + time)
  }

  /// What was being written is on the disk, unless it hangs or is full.
  func diskDone(on node: SimulatedNode) throws(Violation) {
    // Nothing comes back before it goes on.
    guard node.disk.hung == 0 else { return }
    var last: WriteID?
    for write in node.disk.takeUnderWay() {
      if case .append = write, node.disk.full > 0 {
        coverage.hit(.refusedWrite)
        if node.isLeader { coverage.hit(.leaderRefusedWrite) }
        note("\(node.id)'s disk is full")
        node.disk.refuse()
        if let last { try give(.event(.written(last)), to: node) }
        // Its core hears of it a little later, and may ask for more meanwhile.
        let time = now + diskDice.below(.milliseconds(30))
        return heap.push(.input(slot: node.slot, run: node.run, .refused(node.storage.end)), at: time)
      }
      node.storage.carryOut(write)
      if case .save(let state, _) = write { try oracle.voted(state, by: node.peer) }
      last = write.id
    }
    if let last { try give(.event(.written(last)), to: node) }
    beginWriting(on: node)
    try apply(on: node)
  }

  /// The core has cut from its log what the disk did not take.
  private func dropRefused(on node: SimulatedNode) {
    guard let last = node.core?.status.lastIndex else { return }
    _ = node.mirror.truncate(from: last.rawValue + 1)
    node.verified = min(node.verified, node.mirror.lastIndex)
    if node.commit > node.mirror.lastIndex { coverage.hit(.commitAheadOfLog) }
  }

  private func takeRefusal(endingAt end: LogEnd, on node: SimulatedNode) throws(Violation) {
    node.disk.resume()
    try step(node, .refused(end: end))
  }
}

extension Message {
  /// Of those that are always on their way.
  var isHeartbeat: Bool {
    switch self {
    case .heartbeat, .heartbeatResponse: true
    default: false
    }
  }
}

extension Event {
  /// For a transcript.
  var text: String {
    switch self {
    case .timer: "timer"
    case .received(let message, let sender): "←\(sender) \(message)"
    case .disconnected(let peer): "connection to \(peer) lost"
    case .propose(let batches, let request): "propose \(batches.count) batches, request \(request.number)"
    case .change(let change, let request): "change \(change), request \(request.number)"
    case .transferLeadership(let target, let request): "transfer to \(target?.name ?? "any"), request \(request.number)"
    case .read(let request): "read \(request.number)"
    case .bootstrap(_, _, let request): "bootstrap, request \(request.number)"
    case .forceNewCluster(_, _, let request): "new cluster by force, request \(request.number)"
    case .written(let write): "write \(write.number) is on disk"
    case .refused(let end): "writes refused, the log ends before \(end.nextIndex)"
    case .roomReturned: "there is room again"
    case .fetched(let fetch, let batches): "fetched \(fetch.number): \(batches.count) batches"
    case .snapshotFetched(let fetch, let snapshot): "fetched \(fetch.number): start \(snapshot != nil)"
    case .startMoved(let start): "the log starts at \(start.nextIndex)"
    }
  }
}
