import CommitLog
import DequeModule
import NIOCore
import Raft

/// What a replica holds, on its event loop.
///
/// A class, for a box gives out a value by a copy of all that is in it, several times for each call.
final class ReplicaState {
  typealias Completion = (Result<ProducedRecord, ProduceError>) -> Void
  typealias ChangeCompletion = (Result<Void, ChangeRefusal>) -> Void
  typealias EndCompletion = (Result<Void, EndUnconfirmed>) -> Void

  // The core, and what waits for it.
  var core: RaftCore
  var inbox: Deque<Event> = []
  var isStepping = false
  /// What callers are to be told once the core's actions are carried out: they may come back with more.
  var deliveries: Deque<() -> Void> = []
  var isDelivering = false
  var timer: Scheduled<Void>?
  var timerAt: Instant?
  var role: RoleSummary
  var members: Raft.Configuration?
  private var lastRequest: UInt64 = 0

  // Proposals.
  /// The batch that calls of this turn of the loop write into, the time of its records, and whom to tell.
  var open = RecordBatch.Builder()
  var openTime = Timestamp.now
  var openCompletions: [Completion] = []
  /// Batches of this turn of the loop, closed and not proposed.
  var turn = Turn()
  var proposalIsScheduled = false
  /// What is being proposed: the core accepts or refuses it in the same step.
  var proposing: (request: RequestID, turn: Turn)?
  var pending = PendingProposals<Completion>()
  /// Retries of batches that earlier leaders proposed, until this one has committed an entry of its own.
  var retriesOfEarlierTerms: [(Result<Void, ProduceError>) -> Void] = []
  /// Bytes of compressed batches that are being looked into.
  var admittingBytes = 0
  var ledger: LogLedger
  /// Why the disk takes nothing at the moment.
  var storageRefusal: LogError?

  // Readers.
  var readable: ReadableLog
  var waiters: [UInt64: (offset: Offset, action: () -> Void)] = [:]
  private var lastWaiter: UInt64 = 0
  /// Reads that the core has not answered.
  var askedReads: [RequestID: EndCompletion] = [:]
  /// Reads that wait until this node has what the leader had, in the order of the indexes.
  var confirmedReads: Deque<(index: LogIndex, completion: EndCompletion)> = []

  // The cluster.
  var transport: (any PeerTransport)?
  var address = ""
  var hasSent = false
  var flushIsScheduled = false
  var changes: [RequestID: ChangeCompletion] = [:]
  /// Whoever waits for this node to lead or follow.
  var leaderWaiters: [() -> Void] = []
  var notedClusterID: String?
  /// The log was found with members, this node not among them, and without a note of its cluster: a copy that has just begun.
  var isUnclaimedCopy: Bool
  var newCluster: NewCluster?
  /// That the cluster has begun is still to be noted.
  var owesClusterBegun = false
  /// Since when no leader has been known.
  var leaderlessSince: NIODeadline? = .now()
  var progress = ProgressMetrics()

  // The end.
  var isAccepting = true
  var isClosed = false
  var drained: EventLoopPromise<Void>?

  /// A cluster that this node begins with the log of another one.
  struct NewCluster {
    let id: String
    /// Told when it ends before the core is asked.
    var completion: ((Result<ForceNewCluster.Outcome, ForceNewCluster.Refusal>) -> Void)?
    let outcome: ForceNewCluster.Outcome
    /// The cluster that was noted before.
    let abandoned: String?
    /// It is on the disk that the log belongs to it: there is no way back.
    var isNoted = false
    /// The core was asked and has not answered.
    var isAsked = false
  }

  /// Closed batches and whom to tell of each.
  struct Turn {
    var batches: [RecordBatch] = []
    var completions: [[Completion]] = []
    var bytes = 0

    mutating func append(_ batch: RecordBatch, _ batchCompletions: [Completion]) {
      batches.append(batch)
      completions.append(batchCompletions)
      bytes += batch.byteCount
    }
  }

  /// Asks the core something where it is: as a property of a class it would be copied first, with all that is in it.
  func ask<Answer>(_ question: (inout RaftCore) -> Answer) -> Answer {
    question(&core)
  }

  init(core: RaftCore, log: Log) {
    self.core = core
    role = core.status.role
    members = core.status.configuration?.configuration
    ledger = LogLedger(log.derivedState, end: log.flushedEnd, logStart: log.startOffset)
    readable = ReadableLog(start: log.start, found: log.flushedEnd)
    notedClusterID = log.metadata.clusterID
    let members = core.status.configuration?.configuration
    isUnclaimedCopy = log.metadata.clusterID == nil && members != nil && members?[core.peer] == nil
    if log.metadata.isBeginningCluster, let id = log.metadata.clusterID {
      let status = core.status
      newCluster = NewCluster(
        id: id,
        outcome: .init(clusterID: id, commitIndex: status.commitIndex, lastIndex: status.lastIndex), abandoned: nil,
        isNoted: true)
    }
  }

  // What is taken out leads to more being put in. Inlined into the loops that do so, Swift 6.3's optimizer lets the access that takes
  // out last as long as the loop's body, and the check of exclusive access ends the process.

  @inline(never) func nextEvent() -> Event? { inbox.popFirst() }

  @inline(never) func nextDelivery() -> (() -> Void)? { deliveries.popFirst() }

  func makeRequest() -> RequestID {
    lastRequest += 1
    return RequestID(lastRequest)
  }

  func makeWaiter() -> UInt64 {
    lastWaiter += 1
    return lastWaiter
  }

  var isLeader: Bool { role.role == .leader }

  /// The leader, for whoever has to go there.
  var leaderHint: LeaderHint? { role.leader.map(hint) }

  func hint(_ peer: Peer) -> LeaderHint { LeaderHint(id: peer.id.name, address: members?[peer]?.address) }
}
