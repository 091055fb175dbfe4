package import CommitLog
import DequeModule
package import Logging
package import NIOCore
package import NIOPosix
package import Raft
import Synchronization

/// The log of one node, as its APIs and its cluster see it: the shell around a ``RaftCore``. It carries out what the core says and
/// decides nothing itself.
///
/// All state is confined to one event loop, so that a produce call goes from its socket to the log without a hop. Writes and syncs
/// are the storage thread's; reads from disk run on threads that may block.
package final class Replica: Sendable {
  package struct Configuration: Sendable {
    /// The largest value of a record.
    package var maximumRecordBytes: Int
    /// A batch is closed at this size; one write carries many.
    package var maximumBatchBytes: Int
    /// The largest batch that is taken from a producer; the largest record is taken in a batch of its own all the same.
    package var maximumProducerBatchBytes: Int
    package var raft: Raft.Settings

    /// Bytes that may be proposed and not committed before producers are told to come back later.
    package var maximumUncommittedBytes: Int { raft.maximumUncommittedBytes }

    package init(
      maximumRecordBytes: Int, maximumBatchBytes: Int = 1 << 20, maximumProducerBatchBytes: Int = 1 << 20,
      raft: Raft.Settings = Raft.Settings()
    ) {
      self.maximumRecordBytes = maximumRecordBytes
      self.maximumBatchBytes = maximumBatchBytes
      self.maximumProducerBatchBytes = maximumProducerBatchBytes
      self.raft = raft
    }
  }

  package let eventLoop: any EventLoop
  package let batchLimits: ProducerBatch.Limits
  package let peer: Peer
  let log: Log
  let configuration: Configuration
  let readers: NIOThreadPool
  let logger: Logger
  let metrics: ReplicaMetrics
  let health: ClusterHealth
  private let boundState: NIOLoopBound<ReplicaState>
  /// What can be read, for every thread; written on the loop alone, the start first.
  let readableStart: Atomic<UInt64>
  let readableEnd: Atomic<UInt64>
  let writer: Mutex<LogWriter?>

  var state: ReplicaState { boundState.value }

  private init(
    log: Log, peer: Peer, state: ReplicaState, configuration: Configuration, eventLoop: any EventLoop,
    readers: NIOThreadPool, metrics: ReplicaMetrics, health: ClusterHealth, logger: Logger
  ) {
    self.log = log
    self.peer = peer
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.readers = readers
    self.logger = logger
    self.metrics = metrics
    self.health = health
    boundState = NIOLoopBound(state, eventLoop: eventLoop)
    readableStart = Atomic(state.ledger.start.rawValue)
    readableEnd = Atomic(state.readable.end.nextOffset.rawValue)
    writer = Mutex(nil)
    let largest = max(
      configuration.maximumProducerBatchBytes,
      RecordBatch.Builder().byteCount(appending: configuration.maximumRecordBytes))
    batchLimits = ProducerBatch.Limits(
      maximumRecordBytes: configuration.maximumRecordBytes,
      maximumBatchBytes: min(largest, log.configuration.maximumBatchBytes))
  }

  /// Starts the core and the storage thread. Call on `eventLoop`. The node says nothing to others before ``begin(address:transport:)``.
  ///
  /// - Parameters:
  ///   - name: of this node in its cluster.
  ///   - log: open and recovered; the replica is its one writer from now on and closes it.
  ///   - readers: threads that may block on the disk.
  ///   - seed: of the core's randomness; another one for each start.
  /// - Throws: ``RestoreError`` when the log holds what this version cannot read.
  package static func start(
    name: NodeID, log: Log, configuration: Configuration, eventLoop: any EventLoop, readers: NIOThreadPool,
    metrics: ReplicaMetrics, health: ClusterHealth, seed: UInt64 = .random(in: 0 ... .max), logger: Logger
  ) throws(RestoreError) -> Replica {
    let peer = Peer(id: name, incarnation: log.metadata.incarnation)
    let core = RaftCore(
      peer: peer, settings: configuration.raft, restored: try .init(from: log), seed: seed, at: .current)
    let replica = Replica(
      log: log, peer: peer, state: ReplicaState(core: core, log: log), configuration: configuration,
      eventLoop: eventLoop, readers: readers, metrics: metrics, health: health, logger: logger)
    let writer = LogWriter(log: log, maximumQueuedBytes: configuration.maximumStorageBytes) { event in
      replica.eventLoop.execute { replica.handle(event) }
    }
    replica.writer.withLock { $0 = writer }
    replica.publishExtent()
    replica.scheduleTimer()
    return replica
  }

  // MARK: Stepping the core

  /// Hands an event to the core and carries out what it says. What happens meanwhile waits for its turn.
  func step(_ event: Event) {
    let state = state
    state.inbox.append(event)
    guard !state.isStepping else { return }
    state.isStepping = true
    while let event = state.nextEvent() {
      for action in state.core.step(event, at: .current) { carryOut(action) }
      settleReaders()
    }
    state.isStepping = false
    scheduleTimer()
    flushPeersLater()
    runDeliveries()
  }

  /// Tells a caller something once the core's actions are carried out.
  func deliver(_ delivery: @escaping () -> Void) {
    state.deliveries.append(delivery)
  }

  /// In their order, also when one of them leads to others.
  func runDeliveries() {
    let state = state
    guard !state.isDelivering else { return }
    state.isDelivering = true
    while let delivery = state.nextDelivery() { delivery() }
    state.isDelivering = false
  }

  /// The timer stays where it is when the deadline moves back, as it does with each message: when it fires too early it is set
  /// again.
  func scheduleTimer() {
    let state = state
    let deadline = state.ask { $0.deadline }
    if let timerAt = state.timerAt, timerAt <= deadline { return }
    state.timer?.cancel()
    state.timerAt = deadline
    state.timer = eventLoop.assumeIsolated().scheduleTask(
      deadline: .uptimeNanoseconds(deadline.nanoseconds)
    ) { self.timerFired() }
  }

  private func timerFired() {
    let state = state
    state.timerAt = nil
    state.timer = nil
    guard !state.isClosed else { return }
    if state.ask({ $0.deadline }) <= Moment.current.instant { step(.timer) } else { scheduleTimer() }
  }

  /// One flush for all that this turn of the loop sends.
  private func flushPeersLater() {
    let state = state
    guard state.hasSent, !state.flushIsScheduled else { return }
    state.flushIsScheduled = true
    eventLoop.assumeIsolated().execute {
      state.flushIsScheduled = false
      state.hasSent = false
      state.transport?.flush()
    }
  }
}

extension Replica.Configuration {
  /// What may wait for the disk: a leader's proposals, and what a leader before it has sent. The core bounds both; this is for the
  /// storage thread's own bound, which must not be met first.
  var maximumStorageBytes: Int {
    2 * (raft.maximumUncommittedBytes + raft.maximumInflightBytes + raft.maximumMessageBytes)
  }
}

extension Moment {
  /// Now, by the clock of the event loops.
  static var current: Moment {
    Moment(instant: Instant(nanoseconds: NIODeadline.now().uptimeNanoseconds), time: .now)
  }
}
