import CommitLog
import Raft

/// Messages between nodes.
extension ClusterSimulation {
  func send(_ message: Message, from node: SimulatedNode, to receiver: Peer) throws(Violation) {
    try checkAnswer(message, from: node, to: receiver)
    count(message)
    let slot = SimulatedNode.slot(of: receiver.id)
    let connection = network.connection(from: node.slot, to: slot)
    for time in network.arrivals(from: node.slot, to: slot, at: now, &coverage) {
      heap.push(.message(message, from: node.peer, to: receiver, connection: connection), at: time)
    }
  }

  func arrive(_ message: Message, from sender: Peer, to receiver: Peer, _ connection: UInt32) throws(Violation) {
    let from = SimulatedNode.slot(of: sender.id)
    let node = nodes[SimulatedNode.slot(of: receiver.id)]
    // Whoever answers under a name is asked which life of it this is before anything is sent.
    guard node.peer == receiver else { return }
    guard connection == network.connection(from: from, to: node.slot), !network.isCut(from: from, to: node.slot) else {
      return coverage.hit(.brokenInFlight)
    }
    if nodes[from].peer == sender, node.isResponsive { node.heard[from] = now }
    try give(.event(.received(message, from: sender)), to: node)
  }

  /// What is said of votes and entries is on the disk of the one who says it (paper §5; openraft ee460f37).
  private func checkAnswer(_ message: Message, from node: SimulatedNode, to receiver: Peer) throws(Violation) {
    switch message {
    case .voteResponse(let response) where response.isGranted && !response.isPreVote:
      // One that was held back says what was true in its term: no other vote can be given there any more.
      let disk = node.storage.hardState
      guard disk.term > response.term || disk == HardState(term: response.term, vote: receiver) else {
        throw Violation(
          .durableAnswer,
          "\(node.id) says that it voted for \(receiver) in term \(response.term); its disk has \(disk)")
      }
    case .appendResponse(let response):
      guard case .accepted(_, let flushed) = response.result, node.storage.hardState.term <= response.term else {
        return
      }
      let index = flushed.index
      guard
        index.rawValue < node.storage.start.nextIndex.rawValue
          || node.storage.term(at: index)?.rawValue == node.mirror.term(at: index.rawValue)
          // Said before the log was replaced, and held back.
          || (index.rawValue < node.mirror.firstIndex && index < node.storage.end.nextIndex)
      else {
        throw Violation(
          .durableAnswer, "\(node.id) says that it has \(index) on its disk, which ends at \(node.storage.end)")
      }
    default: break
    }
  }

  private func count(_ message: Message) {
    switch message {
    case .voteResponse(let response) where !response.isGranted:
      coverage.hit(response.isPreVote ? .preVoteRefused : .voteRefused)
    case .appendResponse(let response):
      switch response.result {
      case .staleTerm: coverage.hit(.staleTerm)
      case .rejected(let previous, let hint):
        coverage.hit(.rejection)
        if hint.index.rawValue + 1 < previous.rawValue { coverage.hit(.hintSkips) }
      case .accepted(let matched, let flushed): if flushed.index < matched { coverage.hit(.pipelined) }
      }
    case .snapshot: coverage.hit(.snapshotSent)
    case .timeoutNow: coverage.hit(.transferAsked)
    default: break
    }
  }
}
