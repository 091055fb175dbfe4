import Raft

/// The end of each run: once things are well there is progress, within a bound.
extension ClusterSimulation {
  /// Election time-outs until everything has to be as it should: elections, catching up by snapshots that time out, and a
  /// handful of membership changes.
  private static let patience: UInt64 = .seconds(90)
  private static let checkInterval: UInt64 = .milliseconds(50)

  func heal() throws(Violation) {
    note("== everything heals")
    for number in activeFaults.keys.sorted() { try endFault(number) }
    network.isHealed = true
    let down = plan.recoversWithMinorityDown ? expendable() : []
    for node in down { try crash(node) }
    for node in nodes where !node.isRunning && !down.contains(where: { $0 === node }) { try start(node) }
    let end = now + Self.patience
    phase = down.isEmpty ? .recovery(until: end) : .minorityDown(until: end)
    demandEntry()
    heap.push(.progressCheck, at: now + Self.checkInterval)
  }

  /// Nodes without which every configuration that some node goes by has a quorum still; leaders first.
  private func expendable() -> [SimulatedNode] {
    let configurations =
      nodes.compactMap { $0.configuration?.configuration } + [oracle.configuration?.configuration].compactMap(\.self)
    guard oracle.committedIndex > 0, nodes.contains(where: \.isLeader) else { return [] }
    var down: [SimulatedNode] = []
    for node in nodes.filter(\.isLeader) + nodes.shuffledPrefix(nodes.count, &dice)
    where !down.contains(where: { $0 === node }) {
      let isBearable = configurations.allSatisfy { configuration in
        configuration.hasQuorum { voter in
          let other = nodes[SimulatedNode.slot(of: voter.id)]
          return other.peer == voter && other !== node && !down.contains { $0 === other }
        }
      }
      if isBearable { down.append(node) }
    }
    if !down.isEmpty { coverage.hit(.minorityDown) }
    return down
  }

  /// One new entry has to be committed.
  private func demandEntry() {
    let planned = PlannedClient(
      number: clients.count, kind: .plainProducer, pause: .milliseconds(50), window: 1, seed: dice.next())
    clients.append(ProducerClient(planned, position: clients.count, slots: plan.slots, remaining: 1))
    heap.push(.clientWakes(clients.count - 1), at: now)
  }

  func checkProgress() throws(Violation) {
    if missing() == nil {
      if case .recovery = phase, plan.leavesMinorityDown, try stopMinority() {
        phase = .minorityDown(until: now + Self.patience)
        demandEntry()
      } else {
        note("== all is as it should be")
        phase = .done
        return
      }
    }
    heap.push(.progressCheck, at: now + Self.checkInterval)
  }

  /// - Returns: whether there is one to stop.
  private func stopMinority() throws(Violation) -> Bool {
    guard let configuration = oracle.configuration?.configuration else { return false }
    let voters = configuration.voters
    let stopped = nodes.filter { voters.contains($0.peer) }.shuffledPrefix(voters.count - configuration.quorum, &dice)
    guard !stopped.isEmpty else { return false }
    coverage.hit(.minorityDown)
    for node in stopped {
      note("== \(node.id) stays down")
      try crash(node)
    }
    return true
  }

  func stalled() -> Violation {
    Violation(.liveness, missing() ?? "everything is well, too late")
  }

  /// What is not as it should be; nil when all is.
  private func missing() -> String? {
    let leaders = nodes.filter(\.isLeader)
    guard let leader = leaders.max(by: { $0.role.term < $1.role.term }) else { return "nobody leads" }
    guard let configuration = leader.configuration else { return "\(leader.id) leads nobody" }
    if let client = clients.firstIndex(where: { !$0.isIdle }) { return "client \(client) waits" }
    if case .recovery = phase {
      let differences = administrator.differences(configuration.configuration, nodes)
      if let change = differences.first { return "change \(change) is not done" }
    }
    guard leader.commit == leader.mirror.lastIndex else {
      return "\(leader.id) has committed \(leader.commit) of \(leader.mirror.lastIndex)"
    }
    for member in configuration.configuration.members {
      let node = nodes[SimulatedNode.slot(of: member.peer.id)]
      guard node.isRunning, node.peer == member.peer else { continue }
      guard node.applied == leader.commit, node.mirror.lastIndex == leader.mirror.lastIndex else {
        return "\(node.id) has \(node.applied) of \(leader.commit)"
      }
    }
    guard leader.commit == oracle.committedIndex else {
      return "\(leader.id) knows of \(leader.commit) committed entries of \(oracle.committedIndex)"
    }
    return nil
  }
}

extension [SimulatedNode] {
  func shuffledPrefix(_ count: Int, _ dice: inout Dice) -> [SimulatedNode] {
    var rest = self
    var chosen: [SimulatedNode] = []
    while chosen.count < count, !rest.isEmpty { chosen.append(rest.remove(at: dice.below(rest.count))) }
    return chosen
  }
}
