import CommitLog
import Raft

/// What a core asks for is done, and checked on the way.
extension ClusterSimulation {
  func carryOut(_ action: Action, on node: SimulatedNode) throws(Violation) {
    switch action {
    case .append(let batches, let id): try append(batches, id, on: node)
    case .truncate(let index, let id):
      coverage.hit(.truncation)
      try oracle.removed(node.mirror.truncate(from: index.rawValue), by: node.peer)
      node.verified = min(node.verified, node.mirror.lastIndex)
      node.hasTruncated = true
      node.disk.submit(.truncate(from: index, id))
    case .reset(let snapshot, let id): try reset(to: snapshot, id, on: node)
    case .save(let state, let id): node.disk.submit(.save(state, id))
    case .send(let message, let receiver): try send(message, from: node, to: receiver)
    case .fetch(let fetch, let index, let bytes):
      coverage.hit(.fetch)
      let batches =
        node.disk.full > 0 && dice.chance(perMille: 50)
        ? [] : node.storage.read(from: index, maximumBytes: bytes)
      if batches.isEmpty { coverage.hit(.emptyFetch) }
      answerLater(.event(.fetched(fetch, batches)), node)
    case .fetchSnapshot(let fetch): answerLater(.event(.snapshotFetched(fetch, node.storage.snapshot())), node)
    case .commit(let index): try commit(through: index.rawValue, on: node)
    case .accepted(let request, let index, let offset, let term): try accepted(request, index, offset, term, on: node)
    case .refusedProposal(let request, let refusal): try refused(request, refusal, on: node)
    case .changed(let request, let result):
      if node.transfer == request.number { node.transfer = nil }
      administrator.changed(request, result, &coverage)
    case .readIndex(let request, let result): try readAnswered(request, result, on: node)
    case .roleChanged(let summary): try roleChanged(to: summary, on: node)
    case .configurationChanged(let entry, let isCommitted): configurationChanged(to: entry, isCommitted, on: node)
    case .probeStorage:
      coverage.hit(.probedStorage)
      if node.disk.full == 0 { answerLater(.event(.roomReturned), node) }
    }
  }

  /// The storage thread reads meanwhile.
  private func answerLater(_ input: SimulatedNode.Input, _ node: SimulatedNode) {
    heap.push(.input(slot: node.slot, run: node.run, input), at: now + dice.below(.milliseconds(3)))
  }

  // MARK: Log

  private func append(_ batches: [RecordBatch], _ id: WriteID, on node: SimulatedNode) throws(Violation) {
    for batch in batches {
      guard batch.index.rawValue == node.mirror.lastIndex + 1 else {
        throw Violation(
          .logMatching, "\(node.id) appends \(batch.index) to a log that ends at \(node.mirror.lastIndex)")
      }
      if node.isLeader, batch.term == node.role.term, batch.kind == .configuration {
        try checkChange(at: batch.index, on: node)
      }
      try oracle.appended(node.mirror.append(batch), by: node.peer)
      node.leaderProducers?.apply(batch)
    }
    node.disk.submit(.append(batches, id))
    // What was refused and comes again may be committed already.
    try verify(node)
  }

  /// Two changes at a time can have majorities without a node in common, and so can two leaders' first ones (Ongaro 2015).
  private func checkChange(at index: LogIndex, on node: SimulatedNode) throws(Violation) {
    guard let before = node.configuration else { return }
    guard before.index.rawValue <= node.commit else {
      throw Violation(.oneChange, "\(node.id) begins \(index) while \(before.index) is not committed")
    }
    guard node.mirror.term(at: node.commit) == node.role.term.rawValue else {
      throw Violation(.oneChange, "\(node.id) begins \(index) and has committed nothing in term \(node.role.term)")
    }
  }

  /// What is cut off is not in force any more (nats-server#8332).
  func checkConfigurationInForce(on node: SimulatedNode) throws(Violation) {
    guard node.hasTruncated else { return }
    node.hasTruncated = false
    let newest = node.mirror.configurations.last ?? node.mirror.firstIndex - 1
    guard let index = node.configuration?.index.rawValue, index > newest else { return }
    throw Violation(.configurationInForce, "\(node.id) goes by configuration \(index), its log has \(newest)")
  }

  private func reset(to snapshot: Snapshot, _ id: WriteID, on node: SimulatedNode) throws(Violation) {
    coverage.hit(.snapshotInstalled)
    let last = snapshot.start.nextIndex.rawValue - 1
    guard let entry = oracle.entry(at: last), entry.term == snapshot.start.lastTerm.rawValue,
      entry.baseOffset + UInt64(entry.count) == snapshot.start.nextOffset.rawValue
    else { throw Violation(.stateMachineSafety, "\(node.id) takes a log that starts after \(last), not as committed") }
    // Entries behind the new start that are as committed are lost by it.
    if let kept = node.mirror.entry(at: last), kept.chain == entry.chain {
      try oracle.removed(node.mirror.truncate(from: last + 1), by: node.peer)
    }
    node.mirror = LogMirror(start: snapshot.start, chainBefore: entry.chain)
    node.verified = last
    node.disk.submit(.reset(snapshot, id))
  }

  // MARK: Commit

  private func commit(through index: UInt64, on node: SimulatedNode) throws(Violation) {
    guard index > node.commit else {
      throw Violation(.commitMonotonic, "\(node.id)'s commit index goes from \(node.commit) to \(index)")
    }
    node.commit = index
    // In the step in which a leader hears of another it is told what was committed before, by members that may be others now.
    if node.isLeader, index > oracle.committedIndex { try checkQuorumHolds(index, of: node) }
    try verify(node)
    try apply(on: node)
    acknowledge(on: node)
  }

  private func verify(_ node: SimulatedNode) throws(Violation) {
    let end = min(node.commit, node.mirror.lastIndex)
    let term = node.isLeader ? node.role.term.rawValue : nil
    while node.verified < end {
      guard let entry = node.mirror.entry(at: node.verified + 1) else {
        throw Violation(.stateMachineSafety, "\(node.id) commits \(node.verified + 1), which it does not have")
      }
      try oracle.commits(entry, by: node.peer, leadsIn: term)
      node.verified += 1
    }
  }

  /// Durable on more than half of the voters: nothing less survives a loss of power.
  private func checkQuorumHolds(_ index: UInt64, of node: SimulatedNode) throws(Violation) {
    guard let configuration = node.configuration?.configuration, let term = node.mirror.term(at: index) else { return }
    let holds = configuration.hasQuorum { voter in
      let other = nodes[SimulatedNode.slot(of: voter.id)]
      // What an earlier life had is not known any more.
      guard other.peer == voter else { return true }
      return other.storage.start.nextIndex.rawValue > index
        || other.storage.term(at: LogIndex(index))?.rawValue == term
    }
    guard holds else {
      throw Violation(
        .quorumCommit, "\(node.id) commits \(index)@\(term), which no quorum of \(configuration) has on disk")
    }
  }

  /// Committed and on the disk.
  func apply(on node: SimulatedNode) throws(Violation) {
    guard node.isRunning else { return }
    let end = min(node.commit, node.storage.end.nextIndex.rawValue - 1, node.verified)
    if end <= node.applied { return }
    if node.applied + 1 < node.storage.start.nextIndex.rawValue {
      node.applied = node.storage.start.nextIndex.rawValue - 1
      node.appliedProducers = node.storage.producersAtStart
    }
    while node.applied < end {
      guard let entry = node.mirror.entry(at: node.applied + 1) else { break }
      // What the disk has there may be what is to be cut off still.
      guard node.storage.term(at: LogIndex(node.applied + 1))?.rawValue == entry.term else { break }
      node.applied += 1
      node.appliedProducers.apply(entry.batch)
    }
    serveWaitingReads(on: node)
  }

  // MARK: Roles

  private func roleChanged(to summary: RoleSummary, on node: SimulatedNode) throws(Violation) {
    let previous = node.role
    node.role = .init(role: summary.role, term: summary.term, leader: summary.leader)
    if summary.role == .leader {
      if previous.role != .leader || previous.term != summary.term { try becomesLeader(node) }
    } else if previous.role == .leader {
      if previous.term == summary.term, node.disk.full == 0 { coverage.hit(.checkQuorumStepDown) }
      losesLeadership(node)
    }
  }

  private func becomesLeader(_ node: SimulatedNode) throws(Violation) {
    coverage.hit(.election)
    node.leadsSince = now
    // One that begins a cluster has nobody to vote for it, nor anybody to disagree.
    let isBeginning = oracle.committedIndex == 0 && node.configuration?.configuration.members.count == 1
    try oracle.elected(
      node.peer, term: node.role.term.rawValue, isBeginning ? nil : node.configuration?.configuration, node.mirror)
    var producers = node.appliedProducers
    for index in stride(from: node.applied + 1, through: node.mirror.lastIndex, by: 1) {
      if let entry = node.mirror.entry(at: index) { producers.apply(entry.batch) }
    }
    node.leaderProducers = producers
    meet(node)
  }

  /// Readers and rash administrators are at a new leader's at once.
  private func meet(_ node: SimulatedNode) {
    if rashness > 0 { heap.push(.rashChange(slot: node.slot), at: now + dice.below(.milliseconds(20))) }
    readSoon(at: node, within: .milliseconds(5))
  }

  /// Reads that nobody waits for.
  func readSoon(at node: SimulatedNode, within time: UInt64) {
    guard plan.clients.contains(where: { $0.kind == .linearizableReader }) else { return }
    for _ in 0..<3 {
      let request = ClientRequest(client: .max, serial: 0, kind: .read)
      heap.push(.request(slot: node.slot, request), at: now + dice.below(time))
    }
  }

  private func configurationChanged(to entry: ConfigurationHistory.Entry?, _ isCommitted: Bool, on node: SimulatedNode)
  {
    if let known = node.configuration, known.index > entry?.index ?? LogIndex(0) {
      coverage.hit(.configurationReverted)
    }
    node.configuration = entry
    // Another quorum has to answer from now on.
    node.leadsSince = now
    if isCommitted, node.isLeader, let entry, entry.configuration[node.peer] == nil {
      coverage.hit(.leaderRemovedItself)
    }
  }

  // MARK: Bounds

  /// Batches of the simulated clients and configurations are no larger.
  private static let largestBatch = 1200

  /// A slow disk, peer or client costs memory up to a bound.
  func checkBounds(of node: SimulatedNode) throws(Violation) {
    // Each new leader may send as much as the one before.
    let terms = Int(node.role.term.rawValue - min(node.termOfIdleDisk, node.role.term.rawValue)) + 1
    let bound =
      terms
      * (max(settings.maximumInflightBytes, settings.maximumUncommittedBytes) + settings.maximumMessageBytes
        + 2 * Self.largestBatch)
    guard node.disk.byteCount <= bound else {
      throw Violation(.bounds, "\(node.disk.byteCount) bytes wait for \(node.id)'s disk, more than \(bound)")
    }
    guard node.isLeader, events % 16 == 0, let status = node.core?.status else { return }
    guard status.uncommittedBytes <= settings.maximumUncommittedBytes + 2 * Self.largestBatch else {
      throw Violation(.bounds, "\(node.id) has \(status.uncommittedBytes) bytes uncommitted")
    }
    for follower in status.followers
    where follower.inflightBytes > settings.maximumInflightBytes + settings.maximumMessageBytes + Self.largestBatch {
      throw Violation(.bounds, "\(follower.inflightBytes) bytes are on their way to \(follower.peer)")
    }
  }
}
