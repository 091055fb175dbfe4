import CommitLog
import Logging
import NIOCore
package import Raft

/// The node in its cluster.
extension Replica: ClusterControl {
  package var nodeStatus: NodeStatus {
    NodeStatus(
      peer: peer, address: state.address, clusterID: clusterID, raft: state.core.status, extent: extent,
      leaderless: state.leaderlessSince.map { Duration(NIODeadline.now() - $0) })
  }

  /// What was noted. Before that, as the configuration says, committed or not, but for a log that is being copied: the first
  /// configurations in it may be those of a cluster that was given up (``ForceNewCluster``). It belongs to those who send it.
  var clusterID: String? {
    if let noted = state.notedClusterID { return noted }
    guard let members = state.members else { return nil }
    if members[peer] != nil { return members.clusterID }
    return state.transport?.partnersClusterID ?? (state.isUnclaimedCopy ? nil : members.clusterID)
  }

  /// Speaks to others from now on.
  ///
  /// - Parameter address: host:port where others reach this node.
  package func begin(address: String, transport: any PeerTransport) {
    state.address = address
    state.transport = transport
    transport.identity = PeerIdentity(peer: peer, clusterID: clusterID, address: address)
    if let members = state.members { transport.setMembers(members.members) }
    continueNewCluster()
  }

  package func change(_ change: MembershipChange, completion: @escaping (Result<Void, ChangeRefusal>) -> Void) {
    ask(completion) { .change(change, $0) }
  }

  package func transferLeadership(
    to target: NodeID?, completion: @escaping (Result<Void, ChangeRefusal>) -> Void
  ) {
    proposeTurn()
    ask(completion) { .transferLeadership(to: target, $0) }
  }

  package func bootstrap(clusterID: String, completion: @escaping (Result<Void, ChangeRefusal>) -> Void) {
    if let noted = state.notedClusterID, noted != clusterID { return completion(.failure(.alreadyBootstrapped)) }
    let address = state.address
    ask(completion) { .bootstrap(clusterID: clusterID, address: address, $0) }
  }

  func ask(_ completion: @escaping ReplicaState.ChangeCompletion, _ event: (RequestID) -> Event) {
    guard !state.isClosed else { return completion(.failure(.notLeader(hint: nil))) }
    let request = state.makeRequest()
    state.changes[request] = completion
    step(event(request))
  }

  /// Counts how far this node and its followers are, and sees to its address. On `eventLoop`, now and then.
  func look() {
    guard !state.isClosed else { return }
    state.progress.record(state.core.status, applied: state.readable.end.lastIndex.rawValue)
    correctAddress()
    continueNewCluster()
    noteClusterBegun()
  }

  /// Who leads has nobody to ask when its address is another one than before. When the change is refused, the next look asks again.
  private func correctAddress() {
    guard state.isLeader, !state.address.isEmpty, let member = state.members?[peer], member.address != state.address
    else { return }
    let addresses: Logger.Metadata = ["before": "\(member.address)", "now": "\(state.address)"]
    change(.setAddress(peer.id, state.address)) { result in
      if case .success = result { self.logger.notice("this node has another address", metadata: addresses) }
    }
  }

  // MARK: What the core says of it

  func answerChange(_ request: RequestID, _ result: Result<Void, ChangeRefusal>) {
    guard let completion = state.changes.removeValue(forKey: request) else { return }
    deliver { completion(result) }
  }

  func roleChanged(to summary: RoleSummary) {
    let wasLeader = state.isLeader
    state.role = summary
    state.leaderlessSince = summary.leader == nil ? state.leaderlessSince ?? .now() : nil
    if wasLeader {
      // Whether what waits will be committed is for another leader to say.
      fail(state.pending.takeAll(), .leadershipLost)
      endRetriesOfEarlierTerms(.failure(.leadershipLost))
    }
    metrics.role(summary, isSelf: summary.leader == peer)
    logger.info(
      "the node's role changed",
      metadata: [
        "role": "\(summary.role.rawValue)", "term": "\(summary.term)",
        "leader": "\(summary.leader.map(\.description) ?? "none")",
      ])
    reportHealth()
    if summary.leader != nil { tellLeaderWaiters() }
  }

  func configurationChanged(to entry: ConfigurationHistory.Entry?, isCommitted: Bool) {
    state.members = entry?.configuration
    if entry != nil { state.isUnclaimedCopy = false }
    state.transport?.identity.clusterID = clusterID
    state.transport?.setMembers(entry?.configuration.members ?? [])
    reportHealth()
    guard isCommitted, let configuration = entry?.configuration else { return }
    logger.notice("the members of the cluster", metadata: ["members": "\(configuration.summary)"])
    newClusterCommitted(configuration)
    guard state.notedClusterID == nil, let id = clusterID else { return }
    state.notedClusterID = id
    submit { (writer) throws(LogWriterError) in try writer.submitClusterID(id) }
  }

  private func reportHealth() {
    let isMember = state.members?[peer] != nil
    health.report(
      !isMember ? (clusterID == nil ? .inNoCluster : .notMember) : state.role.leader == nil ? .noLeader : .ready)
  }

  // MARK: Waiting for a leader

  /// Runs `action` once this node follows a leader or leads.
  func whenLed(_ action: @escaping () -> Void) {
    if state.role.leader == nil { state.leaderWaiters.append(action) } else { action() }
  }

  private func tellLeaderWaiters() {
    let waiters = state.leaderWaiters
    state.leaderWaiters = []
    for waiter in waiters { deliver(waiter) }
  }
}

/// Messages of other nodes.
extension Replica: PeerEvents {
  package func received(_ message: Message, from sender: Peer) {
    guard !state.isClosed else { return }
    if case .snapshot(let install) = message, DerivedState(decodingForReplica: install.snapshot.state) == nil {
      return logger.error(
        "a snapshot that this version cannot read was passed over", metadata: ["from": "\(sender)"])
    }
    step(.received(message, from: sender))
  }

  package func disconnected(_ peer: Peer) {
    guard !state.isClosed else { return }
    step(.disconnected(peer))
  }
}

extension Raft.Configuration {
  /// For a log line.
  var summary: String {
    members.map { "\($0.peer.id)=\($0.address)\($0.role == .learner ? " (learner)" : "")" }.joined(separator: ", ")
  }
}
