import CommitLog
import DequeModule
import Raft

/// A core with its disk, and the shell around it.
final class SimulatedNode {
  /// What reaches a node.
  enum Input {
    case event(Event)
    /// The log refused a write and ends there.
    case refused(LogEnd)
    case request(ClientRequest)
  }

  /// A proposal or read that the core has not answered.
  struct Asked {
    var request: ClientRequest
    /// What was committed when it was asked.
    var committed: UInt64
    var offset: UInt64 = 0
  }

  /// As the core last said.
  struct Standing {
    var role = RoleSummary.Role.follower
    var term = Term(0)
    var leader: Peer?
  }

  struct WaitingProposal {
    var index: UInt64
    var term: UInt64
    var offset: UInt64
    var request: ClientRequest
  }

  let slot: Int
  let id: NodeID
  var clock: NodeClock
  private(set) var life: UInt64 = 1
  /// nil: it does not run.
  var core: RaftCore?
  /// Counts starts: what was meant for an earlier run is not for this one.
  private(set) var run: UInt32 = 0
  var storage: any ReplicaStorage
  var disk = DiskQueue()
  var mirror: LogMirror
  var role = Standing()
  var configuration: ConfigurationHistory.Entry?

  /// As the core says.
  var commit: UInt64 = 0
  /// Compared with what others committed.
  var verified: UInt64 = 0
  /// Committed and on this disk: what readers get.
  var applied: UInt64 = 0
  var appliedProducers = ProducerTable()
  /// With what is not committed yet; only a leader has it.
  var leaderProducers: ProducerTable?

  var timerAt: VirtualTime?
  var pauses = 0
  var inbox: Deque<Input> = []
  var asked: [UInt64: Asked] = [:]
  var waiting: Deque<WaitingProposal> = []
  var waitingReads: [(index: UInt64, request: ClientRequest)] = []
  /// When each other node was heard last.
  var heard: [VirtualTime]
  var leadsSince = VirtualTime.zero
  /// The transfer of leadership that it was asked for and has not answered.
  var transfer: UInt64?
  var hasTruncated = false
  /// Of the term when the disk last had nothing to do.
  var termOfIdleDisk: UInt64 = 0

  init(slot: Int, slots: Int, clock: NodeClock, storage: any ReplicaStorage) {
    self.slot = slot
    id = Self.name(of: slot)
    self.clock = clock
    self.storage = storage
    mirror = LogMirror(start: storage.start, chainBefore: EntryHash.beforeFirst)
    heard = Array(repeating: .zero, count: slots)
  }

  /// a, b, c…
  static func name(of slot: Int) -> NodeID { NodeID(String(UnicodeScalar(UInt8(97 + slot)))) }
  static func slot(of id: NodeID) -> Int { Int(id.name.utf8.first ?? 97) - 97 }

  var peer: Peer { Peer(id: id, incarnation: LogIncarnation(high: life, low: UInt64(slot))) }
  var isRunning: Bool { core != nil }
  var isResponsive: Bool { core != nil && pauses == 0 }
  var isLeader: Bool { core != nil && role.role == .leader }
  var address: String { "\(id):8400" }

  // MARK: Life

  /// - Parameter chainBefore: of the log's start.
  func start(_ settings: Settings, seed: UInt64, at now: VirtualTime, chainBefore: UInt64) {
    let restored = storage.restored
    run += 1
    mirror = LogMirror(start: restored.start, chainBefore: chainBefore)
    for batch in storage.read(from: restored.start.nextIndex, maximumBytes: .max) { _ = mirror.append(batch) }
    configuration = restored.configurations.newest
    commit = restored.start.nextIndex.rawValue - 1
    verified = commit
    applied = commit
    appliedProducers = storage.producersAtStart
    heard = heard.map { _ in now }
    core = RaftCore(peer: peer, settings: settings, restored: restored, seed: seed, at: clock.moment(at: now))
    role = Standing(term: core?.status.role.term ?? Term(0))
    termOfIdleDisk = role.term.rawValue
  }

  /// Everything that is not on the disk is gone.
  func stop() {
    core = nil
    run += 1
    disk.clear()
    leaderProducers = nil
    timerAt = nil
    inbox.removeAll()
    asked.removeAll()
    waiting.removeAll()
    waitingReads.removeAll()
    transfer = nil
    configuration = storage.restored.configurations.newest
    role = Standing(term: role.term)
  }

  /// The same name on a fresh disk.
  func wipe() {
    precondition(!isRunning, "\(id) is wiped while it runs")
    life += 1
    storage = MemoryStorage()
    configuration = nil
  }
}
