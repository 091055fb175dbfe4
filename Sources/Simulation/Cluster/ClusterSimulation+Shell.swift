import CommitLog
import DequeModule
import Raft

/// What a node's shell does for clients: deduplication, acknowledgements, reads.
extension ClusterSimulation {
  func handle(_ request: ClientRequest, on node: SimulatedNode) throws(Violation) {
    switch request.kind {
    case .produce(let batch): try produce(batch, request, on: node)
    case .read:
      let number = ask(request, on: node)
      try step(node, .read(RequestID(number)))
    case .consume(let offset): try consume(from: offset, request, on: node)
    }
  }

  private func ask(_ request: ClientRequest, on node: SimulatedNode) -> UInt64 {
    let number = makeRequest()
    node.asked[number] = SimulatedNode.Asked(request: request, committed: oracle.committedIndex)
    return number
  }

  func reply(to request: ClientRequest, _ outcome: ClientReply.Outcome) {
    guard request.client < clients.count else { return }
    if dice.chance(perMille: clientLoss) { return coverage.hit(.lost) }
    let reply = ClientReply(client: request.client, serial: request.serial, outcome: outcome)
    heap.push(.reply(reply), at: now + plan.network.delay + dice.below(.milliseconds(2)))
  }

  var clientLoss: Int { if case .faults = phase { plan.network.lossPerMille } else { 0 } }

  // MARK: Producing

  private func produce(_ batch: RecordBatch, _ request: ClientRequest, on node: SimulatedNode) throws(Violation) {
    guard node.isLeader, let producers = node.leaderProducers else { return replyNotLeader(to: request, node) }
    if batch.producer.id != 0 {
      switch producers.verdict(on: batch.producer, count: batch.count) {
      case .next: break
      case .duplicate(let offset):
        coverage.hit(.deduplicated)
        return acknowledgeLater(offset: offset.rawValue, request, on: node)
      case .fenced, .tooOld: return reply(to: request, .tooOld)
      case .gap: return refuseOutOfOrder(request)
      }
    }
    let number = ask(request, on: node)
    try step(node, .propose([batch], RequestID(number)))
  }

  private func refuseOutOfOrder(_ request: ClientRequest) {
    coverage.hit(.outOfOrderRefused)
    reply(to: request, .tryLater)
  }

  private func replyNotLeader(to request: ClientRequest, _ node: SimulatedNode) {
    coverage.hit(.notLeader)
    reply(to: request, .notLeader(hint: node.role.leader.map { SimulatedNode.slot(of: $0.id) }))
  }

  func accepted(
    _ request: RequestID, _ index: LogIndex, _ offset: Offset, _ term: Term, on node: SimulatedNode
  ) throws(Violation) {
    guard let asked = node.asked.removeValue(forKey: request.number) else { return }
    if let transfer = node.transfer {
      throw Violation(.handingOver, "\(node.id) takes \(index) during transfer \(transfer) (hashicorp/raft#581)")
    }
    node.waiting.append(
      .init(index: index.rawValue, term: term.rawValue, offset: offset.rawValue, request: asked.request))
  }

  func refused(_ request: RequestID, _ refusal: ProposalRefusal, on node: SimulatedNode) throws(Violation) {
    guard let asked = node.asked.removeValue(forKey: request.number) else {
      throw Violation(.answers, "\(node.id) refuses proposal \(request.number), which does not wait")
    }
    switch refusal {
    case .notLeader: return replyNotLeader(to: asked.request, node)
    case .transferring: coverage.hit(.refusedDuringTransfer)
    case .overloaded: coverage.hit(.overloaded)
    }
    reply(to: asked.request, .tryLater)
  }

  /// It is in the log already; committed or not yet.
  private func acknowledgeLater(offset: UInt64, _ request: ClientRequest, on node: SimulatedNode) {
    let isCommitted =
      node.mirror.entry(at: node.commit).map { $0.batch.nextOffset.rawValue > offset }
      ?? (offset < node.storage.start.nextOffset.rawValue)
    if isCommitted { return reply(to: request, .acknowledged(offset: offset)) }
    guard let index = node.mirror.index(holding: offset), let term = node.mirror.term(at: index) else {
      return reply(to: request, .tryLater)
    }
    node.waiting.append(.init(index: index, term: term, offset: offset, request: request))
  }

  /// A node may learn in one step that it leads no more and what its successor committed: the term tells whose entry it is.
  func acknowledge(on node: SimulatedNode) {
    node.waiting.removeAll { waiting in
      guard waiting.index <= node.commit else { return false }
      let isKept = node.mirror.term(at: waiting.index).map { $0 == waiting.term } ?? false
      reply(to: waiting.request, isKept ? .acknowledged(offset: waiting.offset) : .tryLater)
      return true
    }
  }

  /// Whether what waits will be committed is for another leader to say.
  func losesLeadership(_ node: SimulatedNode) {
    node.leaderProducers = nil
    for waiting in node.waiting { reply(to: waiting.request, .tryLater) }
    node.waiting.removeAll()
  }

  // MARK: Reading

  private static let batchesOfOneRead = 16

  private func consume(from offset: UInt64, _ request: ClientRequest, on node: SimulatedNode) throws(Violation) {
    guard let batches = node.storage.read(fromOffset: Offset(offset), count: Self.batchesOfOneRead) else {
      return reply(to: request, .outOfRange(start: node.storage.start.nextOffset.rawValue))
    }
    var next = offset
    for batch in batches where batch.index.rawValue <= node.applied {
      guard batch.baseOffset.rawValue <= next, batch.count == 0 || batch.nextOffset.rawValue > next else {
        throw Violation(.denseOffsets, "\(node.id) gives offset \(batch.baseOffset) after \(next)")
      }
      try oracle.read(batch, at: node.peer)
      next = max(next, batch.nextOffset.rawValue)
    }
    reply(to: request, .consumed(next: next))
  }

  func readAnswered(
    _ request: RequestID, _ result: Result<LogIndex, ReadRefusal>, on node: SimulatedNode
  ) throws(Violation) {
    guard let asked = node.asked.removeValue(forKey: request.number) else {
      throw Violation(.answers, "\(node.id) answers read \(request.number), which does not wait")
    }
    switch result {
    case .failure:
      coverage.hit(.readRefused)
      reply(to: asked.request, .tryLater)
    case .success(let index):
      // All that was acknowledged before the read began was committed before.
      guard index.rawValue >= asked.committed else {
        throw Violation(
          .linearizableReads,
          "\(node.id) answers a read with \(index), \(asked.committed) was committed before it began")
      }
      guard index.rawValue <= oracle.committedIndex else {
        throw Violation(.linearizableReads, "\(node.id) answers a read with \(index), which is not committed")
      }
      coverage.hit(node.isLeader ? .readServed : .forwardedReadServed)
      if index.rawValue <= node.applied { return reply(to: asked.request, .read) }
      node.waitingReads.append((index.rawValue, asked.request))
    }
  }

  func serveWaitingReads(on node: SimulatedNode) {
    node.waitingReads.removeAll { waiting in
      guard waiting.index <= node.applied else { return false }
      reply(to: waiting.request, .read)
      return true
    }
  }

  // MARK: Clients

  func wake(_ position: Int) throws(Violation) {
    let client = clients[position]
    let isEnding = if case .faults = phase { false } else { true }
    for (slot, request) in client.wake(at: now, isEnding: isEnding, &coverage) {
      if dice.chance(perMille: clientLoss) { continue }
      heap.push(.request(slot: slot, request), at: now + plan.network.delay + dice.below(.milliseconds(5)))
    }
    if isEnding && client.isIdle { return }
    heap.push(.clientWakes(position), at: now + client.pause / 2 + dice.below(client.pause))
  }
}

extension LogMirror {
  /// The entry with that record.
  func index(holding offset: UInt64) -> UInt64? {
    entries.last { $0.batch.baseOffset.rawValue == offset && $0.batch.count > 0 }?.batch.index.rawValue
  }
}
