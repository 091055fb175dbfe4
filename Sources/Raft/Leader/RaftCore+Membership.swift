import CommitLog

/// One change of one member at a time (thesis §4.1).
extension RaftCore {
  mutating func begin(_ change: MembershipChange, _ request: RequestID) {
    do throws(ChangeRefusal) {
      guard leadership != nil else { throw .notLeader(hint: leader) }
      if let transfer { throw .transferring(to: transfer.target) }
      // Not before an entry of this term is committed: two leaders could else take away disjoint majorities (Ongaro 2015).
      guard hasCommittedInTerm || has(.changeBeforeFirstCommit), let newest = configurations.newest,
        newest.index <= commitIndex || has(.concurrentChanges)
      else { throw .changeInProgress }
      let changed = try configuration(newest.configuration, after: change)
      leadership?.change = PendingChange(request: request, index: log.end.nextIndex)
      appendAsLeader([
        RecordBatch(kind: .configuration, payload: changed.encoded(), timestamp: now.time)
      ])
    } catch {
      actions.append(.changed(request, .failure(error)))
    }
  }

  private func configuration(
    _ current: Configuration, after change: MembershipChange
  ) throws(ChangeRefusal) -> Configuration {
    var changed = current
    switch change {
    case .addLearner(let peer, let address):
      if let present = current[peer.id] { throw .alreadyMember(present) }
      guard current.members.count < Configuration.maximumMembers else { throw .tooManyMembers }
      changed.set(Member(peer: peer, address: address, role: .learner))
      return changed
    case .setAddress(let id, let address):
      var member = try member(id, of: current)
      member.address = address
      changed.set(member)
      return changed
    case .promote(let id):
      var member = try member(id, of: current)
      guard member.role == .learner else { throw .notLearner(id) }
      try checkCaughtUp(member)
      member.role = .voter
      changed.set(member)
    case .demote(let id):
      var member = try member(id, of: current)
      guard member.role == .voter else { throw .notVoter(id) }
      member.role = .learner
      changed.set(member)
    case .remove(let id):
      let member = try member(id, of: current)
      changed.remove(id)
      if member.role == .learner { return changed }
    }
    try checkQuorum(of: changed)
    return changed
  }

  private func member(_ id: NodeID, of configuration: Configuration) throws(ChangeRefusal) -> Member {
    guard let member = configuration[id] else { throw .unknownMember(id) }
    return member
  }

  /// A voter that lags makes every commit wait for its catching up (thesis §4.2.1).
  private func checkCaughtUp(_ member: Member) throws(ChangeRefusal) {
    let follower = leadership?.followers.first { $0.peer == member.peer }
    let missing = log.lastIndex.rawValue - (follower?.match.rawValue ?? 0)
    guard let follower, follower.mode == .replicate, isActive(member.peer), missing <= settings.maximumPromotionLag
    else {
      throw .notCaughtUp(member.peer.id, missing: missing)
    }
  }

  /// Nothing is done that could not be committed, or undone, at once.
  private func checkQuorum(of changed: Configuration) throws(ChangeRefusal) {
    let voters = changed.voters
    guard !voters.isEmpty else { throw .lastVoter }
    let active = voters.count { isActive($0) }
    guard active >= changed.quorum else { throw .noQuorum(active: active, needed: changed.quorum) }
  }

  // MARK: What follows from a configuration

  /// Called whenever the newest configuration is another one.
  mutating func configurationsChanged() {
    reportedConfiguration = nil
    actions.append(.configurationChanged(configurations.newest, isCommitted: false))
    updateFollowers()
  }

  /// Members, and those that a change in flight removes: they shall learn of it.
  mutating func updateFollowers() {
    guard let leadership, let newest = configurations.newest else { return }
    var peers = Set(newest.configuration.members.map(\.peer))
    if newest.index > commitIndex, let previous = configurations.previous,
      previous.configuration.clusterID == newest.configuration.clusterID
    {
      peers.formUnion(previous.configuration.members.map(\.peer))
    }
    peers.remove(peer)
    self.leadership?.followers.removeAll { !peers.contains($0.peer) }
    let known = Set(leadership.followers.map(\.peer))
    for added in peers.subtracting(known).sorted(by: { $0.id < $1.id }) {
      self.leadership?.followers.append(Progress(peer: added, next: log.end.nextIndex))
    }
  }

  mutating func reportCommittedConfiguration() {
    guard let newest = configurations.newest, newest.index <= commitIndex, reportedConfiguration != newest.index else {
      return
    }
    reportedConfiguration = newest.index
    actions.append(.configurationChanged(newest, isCommitted: true))
    if let change = leadership?.change, change.index == newest.index {
      leadership?.change = nil
      actions.append(.changed(change.request, .success(())))
    }
    sayGoodbye(newest)
    updateFollowers()
  }

  /// A member that was removed, and has the entry that says so, is told that it is committed.
  private mutating func sayGoodbye(_ newest: ConfigurationHistory.Entry) {
    for position in leadership?.followers.indices ?? 0..<0 {
      guard let follower = leadership?.followers[position], newest.configuration[follower.peer] == nil,
        follower.match >= newest.index
      else { continue }
      sendHeartbeat(to: position)
    }
  }

  /// A leader that removed itself manages the cluster until that is committed, and counts for nothing (thesis §4.2.2).
  mutating func leaveIfRemoved() {
    guard let newest = configurations.newest, newest.index <= commitIndex, !newest.configuration.isVoter(peer),
      let leadership
    else { return }
    let successor = leadership.followers.filter { newest.configuration.isVoter($0.peer) }
      .max { ($0.match, $1.peer.id) < ($1.match, $0.peer.id) }
    if let successor { send(.timeoutNow(TimeoutNow(term: term)), to: successor.peer) }
    becomeFollower(term: term, leader: nil)
  }

  /// The first and only configuration that no leader made. The entry is the first of its term, so it is committed like any other.
  /// A log without configuration that has entries was written before there were clusters; it is kept.
  mutating func bootstrap(_ clusterID: String, address: String, _ request: RequestID) {
    guard configurations.newest == nil, leader == nil, room == .available else {
      return actions.append(.changed(request, .failure(.alreadyBootstrapped)))
    }
    beginAlone(clusterID, address: address, request)
  }

  /// What is left of a cluster that has lost its quorum for good goes on as another one, after etcd's --force-new-cluster. A
  /// configuration counts from the moment that it is in the log (thesis §4.1), and this one has one voter: its entry is
  /// committed when it is on this disk, and with it all before it, whether the old cluster had committed that or not. Its term is a
  /// later one, so that nothing is in the place of what others may have.
  ///
  /// Refused with `changeInProgress` while that cannot be.
  mutating func forceNewCluster(_ clusterID: String, address: String, _ request: RequestID) {
    guard configurations.newest != nil, leadership == nil, leader == nil, room == .available else {
      return actions.append(.changed(request, .failure(.changeInProgress)))
    }
    beginAlone(clusterID, address: address, request)
  }

  private mutating func beginAlone(_ clusterID: String, address: String, _ request: RequestID) {
    term = Term(term.rawValue + 1)
    vote = peer
    role = .leader
    leader = peer
    leadership = Leadership(firstIndex: log.end.nextIndex, at: now.instant, settings: settings)
    leadership?.change = PendingChange(request: request, index: log.end.nextIndex)
    let configuration = Configuration(
      clusterID: clusterID, members: [Member(peer: peer, address: address, role: .voter)])
    appendAsLeader([RecordBatch(kind: .configuration, payload: configuration.encoded(), timestamp: now.time)])
  }
}
