import CommitLog
import NIOCore
import Raft

/// Faults begin, and end.
extension ClusterSimulation {
  func begin(_ fault: PlannedFault) throws(Violation) {
    var dice = Dice(seed: fault.seed)
    note("-- \(fault)")
    switch fault.kind {
    case .crash: try crashForAWhile(target(&dice), fault, &dice)
    case .crashOfAll:
      coverage.hit(.crashOfAll)
      for node in nodes { try crashForAWhile(node, fault, &dice) }
    case .pause:
      let node = target(&dice)
      guard node.isRunning else { return }
      coverage.hit(.pause)
      node.pauses += 1
      apply(.pause(slot: node.slot), of: fault)
    case .wipe: try wipe(target(&dice), fault)
    case .slowDisk:
      coverage.hit(.slowDisk)
      let node = target(&dice)
      node.disk.slow += 1
      apply(.slowDisk(slot: node.slot), of: fault)
    case .hungDisk:
      coverage.hit(.hungDisk)
      let node = target(&dice)
      node.disk.hung += 1
      apply(.hungDisk(slot: node.slot), of: fault)
    case .fullDisk:
      coverage.hit(.fullDisk)
      let node = target(&dice)
      node.disk.full += 1
      let isSlow = dice.chance(perMille: 400)
      if isSlow { node.disk.slow += 1 }
      apply(.fullDisk(slot: node.slot, isSlow: isSlow), of: fault)
    case .symmetricPartition, .oneWayPartition, .bridge, .isolation: partition(fault, &dice)
    case .stuckLeader: cutOffAndHang(dice.pick(nodes.filter(\.isLeader)) ?? target(&dice), fault, &dice)
    case .laggard:
      let node = nodes[dice.below(nodes.count)]
      apply(.laggard(slot: node.slot, cuts: cutOff(node)), of: fault)
    case .lossBurst:
      coverage.hit(.lossBurst)
      network.lossBursts += 1
      apply(.lossBurst, of: fault)
    case .disconnection: disconnect(&dice)
    case .clockJump:
      coverage.hit(.clockJump)
      target(&dice).clock.jump += Int64(dice.below(UInt64(7_200_000_000))) - 3_600_000_000
    case .transfer: try transfer(&dice)
    case .membership: administrator.want(&dice, plan)
    case .rashMembership:
      rashness += 1
      apply(.rashness, of: fault)
      for node in nodes { try changeRashly(at: node, &dice) }
    case .retention:
      // Decided by the leader for all, most of the time.
      let isForAll = dice.chance(perMille: 600)
      for node in isForAll ? nodes : [target(&dice)] { try removeFront(of: node, &dice) }
    case .producerEpoch:
      guard let producer = dice.pick(clients) as? ProducerClient else { return }
      coverage.hit(.epochRaised)
      producer.raiseEpoch()
    }
  }

  /// The leader half of the time, or whoever holds itself for it.
  private func target(_ dice: inout Dice) -> SimulatedNode {
    let leaders = nodes.filter(\.isLeader)
    if dice.chance(perMille: 450), let leader = dice.pick(leaders) { return leader }
    return nodes[dice.below(nodes.count)]
  }

  private func apply(_ effect: ActiveFault.Effect, of fault: PlannedFault) {
    activeFaults[fault.number] = ActiveFault(effect: effect)
    heap.push(.faultEnds(fault.number), at: now + fault.duration)
  }

  func endFault(_ number: Int) throws(Violation) {
    guard let fault = activeFaults.removeValue(forKey: number) else { return }
    note("-- end of fault \(number)")
    switch fault.effect {
    case .pause(let slot):
      nodes[slot].pauses -= 1
      try resume(nodes[slot])
    case .slowDisk(let slot): nodes[slot].disk.slow -= 1
    case .hungDisk(let slot):
      nodes[slot].disk.hung -= 1
      if nodes[slot].disk.hung == 0, nodes[slot].disk.underWay > 0 { try diskDone(on: nodes[slot]) }
      beginWriting(on: nodes[slot])
    case .fullDisk(let slot, let isSlow):
      nodes[slot].disk.full -= 1
      if isSlow { nodes[slot].disk.slow -= 1 }
    case .laggard(let slot, let cuts):
      for node in nodes where node.slot != slot { try removeFront(of: node, through: node.applied) }
      for (sender, receiver) in cuts { network.mend(from: sender, to: receiver) }
    case .cuts(let cuts): for (sender, receiver) in cuts { network.mend(from: sender, to: receiver) }
    case .lossBurst: network.lossBursts -= 1
    case .rashness: rashness -= 1
    }
  }

  // MARK: Nodes

  private func crashForAWhile(_ node: SimulatedNode, _ fault: PlannedFault, _ dice: inout Dice) throws(Violation) {
    guard node.isRunning else { return }
    try crash(node)
    heap.push(.start(slot: node.slot), at: now + .milliseconds(5) + dice.below(fault.duration))
  }

  /// The data directory is gone; the name stays. Not when more would be lost than a cluster can bear to lose: that is one
  /// voter at a time, until it is removed.
  private func wipe(_ node: SimulatedNode, _ fault: PlannedFault) throws(Violation) {
    guard canBeWiped(node) else { return }
    coverage.hit(.wipe)
    try crash(node)
    node.wipe()
    heap.push(.start(slot: node.slot), at: now + fault.duration)
  }

  private func canBeWiped(_ node: SimulatedNode) -> Bool {
    guard let committed = oracle.configuration, oracle.highestConfiguration <= committed.index.rawValue else {
      return false
    }
    let configurations = nodes.compactMap { $0.configuration?.configuration } + [committed.configuration]
    guard configurations.contains(where: { $0.isVoter(node.peer) }) else { return true }
    return !hasDeadVoters && committed.configuration.voters.count >= 3
  }

  /// Some node counts on the vote of a life that is over.
  var hasDeadVoters: Bool {
    nodes.contains { node in
      node.configuration?.configuration.voters.contains { nodes[SimulatedNode.slot(of: $0.id)].peer != $0 } ?? false
    }
  }

  /// Retention: of what is committed and on the disk only.
  private func removeFront(of node: SimulatedNode, _ dice: inout Dice) throws(Violation) {
    let first = node.storage.start.nextIndex.rawValue
    guard node.applied >= first else { return }
    try removeFront(of: node, through: first + dice.below(node.applied - first + 1))
  }

  private func removeFront(of node: SimulatedNode, through last: UInt64) throws(Violation) {
    guard node.isResponsive, node.disk.waiting.isEmpty, last >= node.storage.start.nextIndex.rawValue else { return }
    let index = last + 1
    guard index - 1 <= oracle.committedIndex else {
      throw Violation(.retention, "\(node.id) removes up to \(index - 1), committed is \(oracle.committedIndex)")
    }
    coverage.hit(.retention)
    note("\(node.id) removes what is before \(index)")
    node.storage.removeEntries(before: LogIndex(index))
    node.mirror.moveStart(to: index)
    try step(node, .startMoved(node.storage.start))
  }

  // MARK: Network

  private func partition(_ fault: PlannedFault, _ dice: inout Dice) {
    var slots = Array(0..<nodes.count)
    for position in slots.indices.reversed() { slots.swapAt(position, dice.below(position + 1)) }
    let half = 1 + dice.below(slots.count - 1)
    var cuts: [(sender: Int, receiver: Int)] = []
    func cut(_ left: some Sequence<Int>, _ right: some Sequence<Int> & Collection, bothWays: Bool) {
      for sender in left {
        for receiver in right where sender != receiver {
          cuts.append((sender, receiver))
          if bothWays { cuts.append((receiver, sender)) }
        }
      }
    }
    switch fault.kind {
    case .symmetricPartition:
      coverage.hit(.symmetricPartition)
      cut(slots[..<half], slots[half...], bothWays: true)
    case .oneWayPartition:
      coverage.hit(.oneWayPartition)
      cut(slots[..<half], slots[half...], bothWays: false)
    case .bridge:
      // One node reaches both sides.
      coverage.hit(.bridge)
      let middle = slots.count / 2
      cut(slots[..<middle], slots[(middle + 1)...], bothWays: true)
    default:
      coverage.hit(.isolation)
      let alone = target(&dice).slot
      cut([alone], slots, bothWays: dice.chance(perMille: 600))
      if dice.chance(perMille: 200) { cuts = cuts.map { ($0.receiver, $0.sender) } }
    }
    for (sender, receiver) in cuts { network.cut(from: sender, to: receiver) }
    apply(.cuts(cuts), of: fault)
    // Connections notice, or not.
    if dice.chance(perMille: 300) {
      for (sender, receiver) in cuts {
        network.breakConnection(sender, receiver)
        tellDisconnected(nodes[sender], from: nodes[receiver])
      }
    }
  }

  /// What it proposes is on no disk when it is heard again: its own writes end after its successor's entries have come.
  private func cutOffAndHang(_ node: SimulatedNode, _ fault: PlannedFault, _ dice: inout Dice) {
    coverage.hit(.hungDisk)
    activeFaults[fault.number] = ActiveFault(effect: .cuts(cutOff(node)))
    node.disk.hung += 1
    // For nobody who waits.
    for _ in 0..<dice.within(0...3) {
      var builder = RecordBatch.Builder()
      builder.append(ByteBuffer(integer: dice.next()), timestamp: Timestamp(microseconds: 0))
      let request = ClientRequest(client: .max, serial: 0, kind: .produce(builder.finish()))
      heap.push(.request(slot: node.slot, request), at: now + dice.below(.milliseconds(800)))
    }
    activeFaults[-fault.number - 1] = ActiveFault(effect: .hungDisk(slot: node.slot))
    let time = UInt64.milliseconds(1500) + fault.duration / 2
    heap.push(.faultEnds(fault.number), at: now + time)
    heap.push(.faultEnds(-fault.number - 1), at: now + time + .milliseconds(100) + fault.duration / 2)
  }

  private func cutOff(_ node: SimulatedNode) -> [(sender: Int, receiver: Int)] {
    coverage.hit(.isolation)
    let cuts = nodes.filter { $0 !== node }.flatMap {
      [(sender: $0.slot, receiver: node.slot), (sender: node.slot, receiver: $0.slot)]
    }
    for (sender, receiver) in cuts { network.cut(from: sender, to: receiver) }
    return cuts
  }

  private func disconnect(_ dice: inout Dice) {
    let first = target(&dice)
    let second = nodes[dice.below(nodes.count)]
    guard first !== second else { return }
    coverage.hit(.disconnection)
    network.breakConnection(first.slot, second.slot)
    tellDisconnected(first, from: second)
    tellDisconnected(second, from: first)
  }

  // MARK: Orders

  private func transfer(_ dice: inout Dice) throws(Violation) {
    let target = dice.chance(perMille: 300) ? nil : nodes[dice.below(nodes.count)].id
    for node in nodes where node.isLeader && node.isResponsive {
      let request = RequestID(makeRequest())
      administrator.transfers.insert(request.number)
      if node.transfer == nil { node.transfer = request.number }
      try step(node, .transferLeadership(to: target, request))
    }
  }

  /// Somebody asks whoever may lead for changes, one after the other, and waits for nothing.
  func changeRashly(at node: SimulatedNode, _ dice: inout Dice) throws(Violation) {
    guard node.isLeader, node.isResponsive else { return }
    for _ in 0..<dice.within(1...3) where !hasDeadVoters {
      let other = nodes[dice.below(nodes.count)]
      let change: MembershipChange =
        switch dice.below(6) {
        case 0, 1: .addLearner(other.peer, address: other.address)
        case 2: .promote(other.id)
        case 3: .demote(other.id)
        case 4: .remove(other.id)
        default: .setAddress(other.id, "\(other.id):\(8400 + dice.below(100))")
        }
      try step(node, .change(change, RequestID(makeRequest())))
    }
  }
}
