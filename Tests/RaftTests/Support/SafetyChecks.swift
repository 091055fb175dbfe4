import CommitLog

@testable import Raft

/// What must hold in all of a cluster, seen from outside, at every action of every node.
struct SafetyChecks {
  private(set) var violations: [String] = []
  private var leaders: [Term: Peer] = [:]
  private var votes: [Ballot: Peer] = [:]
  private var committed: [LogIndex: EntryID] = [:]
  private(set) var highestCommitted = LogIndex(0)
  private var reads: [RequestID: LogIndex] = [:]

  private struct Ballot: Hashable {
    var voter: Peer
    var term: Term
  }

  mutating func report(_ violation: String) {
    if !violations.contains(violation) { violations.append(violation) }
  }

  mutating func began(_ event: Event) {
    if case .read(let request) = event { reads[request] = highestCommitted }
  }

  mutating func check(_ action: Action, of node: TestCluster.Node, in nodes: [String: TestCluster.Node]) {
    switch action {
    case .send(.voteResponse(let response), let candidate) where response.isGranted && !response.isPreVote:
      checkVote(of: node, for: candidate, response.term)
    case .send(.appendResponse(let response), _): checkAcknowledgement(response, of: node)
    case .roleChanged(let summary) where summary.role == .leader: checkLeader(node, summary.term)
    case .commit(let index): checkCommit(through: index, of: node, in: nodes)
    case .readIndex(let request, .success(let index)):
      if let least = reads[request], index < least {
        report("read \(request.number) at \(index), and \(least) was committed when it began")
      }
    default: break
    }
  }

  private mutating func checkVote(of node: TestCluster.Node, for candidate: Peer, _ term: Term) {
    let voter = node.core.peer
    let first = votes[Ballot(voter: voter, term: term)]
    if let first, first != candidate { report("\(voter) votes for \(first) and \(candidate) in term \(term)") }
    votes[Ballot(voter: voter, term: term)] = candidate
    let saved = node.disk.hardState
    if saved.term < term || (saved.term == term && saved.vote != candidate) {
      report("\(voter) answers with a vote in term \(term) that is not on its disk")
    }
  }

  private mutating func checkAcknowledgement(_ response: AppendResponse, of node: TestCluster.Node) {
    guard case .accepted(_, let flushed) = response.result else { return }
    for index in node.disk.start.nextIndex
      .rawValue..<max(flushed.index.following.rawValue, node.disk.start.nextIndex.rawValue)
    where node.disk.entry(at: LogIndex(index)) != node.accepted.entry(at: LogIndex(index)) {
      report("\(node.core.peer) acknowledges entry \(index), which is not on its disk")
    }
  }

  private mutating func checkLeader(_ node: TestCluster.Node, _ term: Term) {
    let peer = node.core.peer
    if let other = leaders[term], other != peer { report("\(other) and \(peer) lead in term \(term)") }
    leaders[term] = peer
    for (index, entry) in committed where index >= node.accepted.start.nextIndex {
      if node.accepted.entry(at: index) != entry { report("\(peer) leads in term \(term) without \(entry)") }
    }
  }

  private mutating func checkCommit(
    through index: LogIndex, of node: TestCluster.Node, in nodes: [String: TestCluster.Node]
  ) {
    for batch in node.accepted.batches.drop(while: { $0.index <= node.committed }) where batch.index <= index {
      let entry = EntryID(index: batch.index, term: batch.term)
      if let known = committed[batch.index], known != entry {
        report("\(node.core.peer) commits \(entry), and \(known) is committed")
      }
      committed[batch.index] = entry
    }
    highestCommitted = max(highestCommitted, index)
    guard node.core.leadership != nil, let entry = node.accepted.entry(at: index),
      let configuration = node.accepted.configurations.newest?.configuration
    else { return }
    let holders = configuration.voters.count { voter in
      nodes.values.contains { $0.core.peer == voter && $0.disk.holds(entry) }
    }
    if holders < configuration.quorum {
      report("\(entry) is committed and on \(holders) of \(configuration.voters.count) disks")
    }
  }
}
