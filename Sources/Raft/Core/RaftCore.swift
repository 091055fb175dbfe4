package import CommitLog

/// Raft (Ongaro and Ousterhout, 2014; Ongaro's thesis, 2014) as a value: an event goes in, actions come out.
///
/// It has no clock, no I/O and no randomness of its own: events carry their time, and the seed of the generator that spreads
/// election time-outs is given. So the same value runs in a server and in a simulation.
///
/// The log's bytes are not here. The core knows where its log starts and ends, the terms between, and the batches that are not on
/// the disk yet; the shell writes and reads. What rests on a write waits for ``Event/written(_:)``: an acknowledgement needs a
/// ``FlushedIndex`` and a vote a ``DurableVote``, which only ``Durability`` makes.
package struct RaftCore: Sendable {
  package let peer: Peer
  package let settings: Settings
  var random: SplitMix64
  var now: Moment

  // Paper, figure 2, persistent state: as it is being written; `durability` knows what is on the disk.
  var term: Term
  var vote: Peer?
  var log: LogView
  var durability: Durability
  /// The newest that was given to the shell.
  var submittedHardState: HardState
  var configurations: ConfigurationHistory

  package internal(set) var commitIndex: LogIndex
  /// The newest configuration that was told to be committed.
  var reportedConfiguration: LogIndex?

  var role = RoleSummary.Role.follower
  var leader: Peer?
  var following = Following()
  var ballot = Ballot()
  var leadership: Leadership?
  var transfer: Transfer?
  var forwardedReads: ForwardedReads
  var room = Room.available
  /// What the log is to be replaced by once there is room.
  var refusedReset: Snapshot?

  var electionDeadline: Instant
  /// Messages that wait for term and vote to be on the disk.
  var outbox: [(message: Message, receiver: Peer)] = []
  var actions: [Action] = []
  var reportedRole: RoleSummary
  var nextFetch: UInt64 = 1

  /// What a node finds when it starts.
  package struct Restored: Sendable {
    package var hardState: HardState
    /// Where the log starts, and what precedes it.
    package var start: LogEnd
    package var end: LogEnd
    package var terms: TermHistory
    package var configurations: ConfigurationHistory

    package init(
      hardState: HardState, start: LogEnd, end: LogEnd, terms: TermHistory, configurations: ConfigurationHistory
    ) {
      self.hardState = hardState
      self.start = start
      self.end = end
      self.terms = terms
      self.configurations = configurations
    }
  }

  /// - Parameters:
  ///   - restored: all of it on the disk.
  ///   - seed: another one for each start of each node.
  package init(peer: Peer, settings: Settings = Settings(), restored: Restored, seed: UInt64, at now: Moment) {
    self.peer = peer
    self.settings = settings
    self.now = now
    random = SplitMix64(seed: seed)
    forwardedReads = ForwardedReads(firstID: settings.has(.readIDsReused) ? 1 : random.next())
    // A follower may append entries of a term before that term is on its disk; it gave no vote in it then.
    let isTermOfLog = restored.end.lastTerm > restored.hardState.term
    term = isTermOfLog ? restored.end.lastTerm : restored.hardState.term
    vote = isTermOfLog ? nil : restored.hardState.vote
    log = LogView(start: restored.start, end: restored.end, terms: restored.terms)
    durability = Durability(flushedThrough: log.lastIndex, hardState: restored.hardState)
    submittedHardState = restored.hardState
    configurations = restored.configurations
    // What was cut from the front was committed.
    commitIndex = log.start.nextIndex.preceding
    following.matched = commitIndex
    electionDeadline = now.instant
    reportedRole = RoleSummary(role: .follower, term: term, leader: nil)
    resetElectionTimer()
    hurryIfAlone()
  }

  /// Takes one event. Carry out the actions in their order.
  package mutating func step(_ event: Event, at now: Moment) -> [Action] {
    precondition(now.instant >= self.now.instant, "time went back from \(self.now.instant) to \(now.instant)")
    self.now = now
    // First what is due: a node that was paused finds that its time is over before it answers anybody.
    runTimers()
    handle(event)
    settle()
    checkAll()
    defer { actions = [] }
    return actions
  }

  private mutating func handle(_ event: Event) {
    switch event {
    case .timer: break
    case .received(let message, let sender): receive(message, from: sender)
    case .disconnected(let peer): connectionLost(to: peer)
    case .propose(let batches, let request): propose(batches, request)
    case .change(let change, let request): begin(change, request)
    case .transferLeadership(let target, let request): beginTransfer(to: target, request)
    case .read(let request): beginRead(request)
    case .bootstrap(let clusterID, let address, let request): bootstrap(clusterID, address: address, request)
    case .forceNewCluster(let clusterID, let address, let request):
      forceNewCluster(clusterID, address: address, request)
    case .written(let write): written(write)
    case .refused(let end): storageRefused(endingAt: end)
    case .roomReturned: roomReturned()
    case .fetched(let fetch, let batches): fetched(fetch, batches)
    case .snapshotFetched(let fetch, let snapshot): snapshotFetched(fetch, snapshot)
    case .startMoved(let start): log.moveStart(to: start)
    }
  }

  /// What follows from any event.
  private mutating func settle() {
    saveHardState()
    countOwnVote()
    advanceCommitIndex()
    reportCommittedConfiguration()
    acknowledge()
    resolveTransfer()
    scheduleCommitNotice()
    releaseOutbox()
    reportRole()
  }

  /// When to step with ``Event/timer`` at the latest.
  package var deadline: Instant {
    var deadline = leadership?.deadline ?? electionDeadline
    if let transfer { deadline = min(deadline, transfer.deadline) }
    if case .missing(let nextProbe) = room { deadline = min(deadline, nextProbe) }
    if let expiry = forwardedReads.firstExpiry { deadline = min(deadline, expiry) }
    return deadline
  }

  private mutating func runTimers() {
    if case .missing(let nextProbe) = room, nextProbe <= now.instant { probeRoom() }
    if let transfer, transfer.deadline <= now.instant { endTransfer(.failure(.transferTimedOut)) }
    for request in forwardedReads.takeExpired(at: now.instant) {
      actions.append(.readIndex(request, .failure(.notLeader(hint: leader))))
    }
    if leadership != nil {
      runLeaderTimers()
    } else if electionDeadline <= now.instant {
      electionTimedOut()
    }
  }

  // MARK: Messages out

  func isSelf(_ other: Peer) -> Bool { other == peer }

  mutating func send(_ message: Message, to receiver: Peer) {
    outbox.append((message, receiver))
  }

  /// What is said rests on term and vote, so it waits for them (paper §5.1: "responding to RPCs"). That is only so around
  /// elections. Messages may be lost, so a disk that hangs does not make them pile up.
  private mutating func releaseOutbox() {
    let isUnsafe = has(.voteAnsweredBeforeDurable) || (has(.voteAfterWriteError) && room != .available)
    guard durability.hardState == HardState(term: term, vote: vote) || isUnsafe else {
      if outbox.count > Self.maximumHeldMessages { outbox.removeFirst(outbox.count - Self.maximumHeldMessages) }
      return
    }
    for (message, receiver) in outbox { actions.append(.send(message, to: receiver)) }
    outbox.removeAll(keepingCapacity: true)
  }

  /// Several for each member; a held message is small, for a node without a durable term leads nobody.
  private static let maximumHeldMessages = 256

  private mutating func reportRole() {
    let summary = RoleSummary(role: role, term: term, leader: leader)
    guard summary != reportedRole else { return }
    reportedRole = summary
    actions.append(.roleChanged(summary))
  }
}
