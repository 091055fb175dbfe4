import CommitLog
import NIOCore

@testable import Raft

/// Cores with disks and a network of which each test decides what arrives. Time passes when a test says so.
struct TestCluster {
  struct Node {
    var core: RaftCore
    /// As the disk has it; what was asked for and is not written yet is in `writes`.
    var disk: TestDisk
    /// As the disk will be when all that was asked for is written.
    var accepted: TestDisk
    var writes: [(id: WriteID, write: Action)] = []
    var isDiskSlow = false
    /// Appends are refused; what is smaller fits.
    var isDiskFull = false
    /// The batches that were asked for from the log are handed over when the test says so.
    var fetches: [Action] = []
    var isFetchSlow = false
    var committed = LogIndex(0)
    var answers: [String] = []
  }

  struct Packet {
    var sender: Peer
    var receiver: Peer
    var message: Message

    var isAppend: Bool { if case .appendRequest = message { true } else { false } }
    var isAppendResponse: Bool { if case .appendResponse = message { true } else { false } }
    var isSnapshot: Bool { if case .snapshot = message { true } else { false } }
    var isVoteRequest: Bool {
      if case .voteRequest(let request) = message { !request.isPreVote } else { false }
    }
    var isReadResponse: Bool { if case .readIndexResponse = message { true } else { false } }

    func isTo(_ name: String) -> Bool { receiver.id.name == name }
    func isFrom(_ name: String) -> Bool { sender.id.name == name }
  }

  private(set) var now = Moment(instant: Instant(nanoseconds: 1_000_000_000), time: Timestamp(microseconds: 0))
  var nodes: [String: Node] = [:]
  var network: [Packet] = []
  /// Packets between these are lost.
  var isCut: (Packet) -> Bool = { _ in false }
  /// What happened: `a: action`, one a line.
  private(set) var transcript: [String] = []
  private(set) var checks = SafetyChecks()
  /// All that arrived.
  private(set) var delivered: [Packet] = []
  private let settings: Settings
  private var starts: UInt64 = 0
  private var nextRequest: UInt64 = 1

  static func peer(_ name: String, life: UInt64 = 1) -> Peer {
    Peer(id: NodeID(name), incarnation: LogIncarnation(high: life, low: 0))
  }

  /// Nodes that all have the same first entry, which says who votes.
  init(voters: [String], learners: [String] = [], settings: Settings = .withoutDelay) {
    let configuration = Configuration(
      clusterID: "test",
      members: voters.map { Member(peer: Self.peer($0), address: "\($0):8400", role: .voter) }
        + learners.map { Member(peer: Self.peer($0), address: "\($0):8400", role: .learner) })
    let first = RecordBatch(
      kind: .configuration, payload: configuration.encoded(), timestamp: Timestamp(microseconds: 0)
    ).stamped(index: LogIndex(1), term: Term(1), baseOffset: Offset(0), appendTime: Timestamp(microseconds: 0))
    self.settings = settings
    for name in voters + learners { start(name, disk: TestDisk(batches: [first], term: Term(1))) }
  }

  /// No node yet.
  init(settings: Settings = .withoutDelay) {
    self.settings = settings
  }

  /// What was seen that must not be.
  var violations: [String] { checks.violations }

  subscript(name: String) -> RaftCore {
    guard let node = nodes[name] else { preconditionFailure("no node \(name)") }
    return node.core
  }

  /// A node that stopped, or was never there, begins with what its disk has.
  mutating func start(_ name: String, disk: TestDisk, life: UInt64 = 1) {
    starts += 1
    let core = RaftCore(
      peer: Self.peer(name, life: life), settings: settings, restored: disk.restored,
      seed: UInt64(name.hashOfBytes) &+ starts, at: now)
    nodes[name] = Node(core: core, disk: disk, accepted: disk)
  }

  /// What was not on the disk is lost, and the node begins anew.
  mutating func restart(_ name: String) {
    guard let node = nodes[name] else { return }
    start(name, disk: node.disk, life: node.core.peer.incarnation.high)
  }

  mutating func step(_ name: String, _ event: Event) {
    guard var node = nodes[name] else { return }
    checks.began(event)
    let actions = node.core.step(event, at: now)
    for action in actions {
      transcript.append("\(name): \(action)")
      checks.check(action, of: node, in: nodes)
      switch action {
      case .append(_, let id), .truncate(_, let id), .reset(_, let id), .save(_, let id):
        node.writes.append((id, action))
        node.accepted.carryOut(action)
      case .send(let message, let receiver):
        network.append(Packet(sender: node.core.peer, receiver: receiver, message: message))
      case .fetch, .fetchSnapshot: node.fetches.append(action)
      case .commit(let index): node.committed = index
      case .accepted, .refusedProposal, .changed, .readIndex: node.answers.append("\(action)")
      case .roleChanged, .configurationChanged, .probeStorage: break
      }
    }
    nodes[name] = node
    if !node.isDiskSlow { finishWrites(of: name) }
    if !node.isFetchSlow { finishFetches(of: name) }
    let isProbed = actions.contains { if case .probeStorage = $0 { true } else { false } }
    if isProbed, !node.isDiskFull { step(name, .roomReturned) }
  }

  /// What a node asked its log for is read.
  mutating func finishFetches(of name: String) {
    while let fetch = nodes[name]?.fetches.first, let disk = nodes[name]?.disk {
      nodes[name]?.fetches.removeFirst()
      switch fetch {
      case .fetch(let id, let index, let bytes): step(name, .fetched(id, disk.read(from: index, maximumBytes: bytes)))
      case .fetchSnapshot(let id): step(name, .snapshotFetched(id, disk.snapshot))
      default: preconditionFailure("\(fetch) is no fetch")
      }
    }
  }

  /// The disk of a node is done with all that it was asked for.
  mutating func finishWrites(of name: String) {
    while nodes[name]?.writes.isEmpty == false { finishWrite(of: name) }
  }

  /// The disk is done with the oldest.
  mutating func finishWrite(of name: String) {
    guard let node = nodes[name], let (id, write) = node.writes.first else { return }
    if case .append = write, node.isDiskFull { return refuseWrites(of: name) }
    nodes[name]?.writes.removeFirst()
    nodes[name]?.disk.carryOut(write)
    step(name, .written(id))
  }

  /// The disk is full: nothing that was asked for is written.
  mutating func refuseWrites(of name: String) {
    guard let disk = nodes[name]?.disk else { return }
    nodes[name]?.writes = []
    nodes[name]?.accepted = disk
    step(name, .refused(end: disk.end))
  }

  /// Delivers what is under way, and what comes of it, until nothing is.
  mutating func deliver(limit: Int = 10_000) {
    var delivered = 0
    while !network.isEmpty {
      let packet = network.removeFirst()
      delivered += 1
      precondition(delivered < limit, "messages without end")
      deliver(packet)
    }
  }

  /// Delivers what is under way and fits, and what comes of it and fits. All else stays under way.
  mutating func deliver(where fits: (Packet) -> Bool) {
    while let position = network.firstIndex(where: fits) { deliver(network.remove(at: position)) }
  }

  mutating func deliver(to name: String) { deliver { $0.receiver.id.name == name } }

  /// Also what was delivered before, or lost.
  mutating func deliver(_ packet: Packet) {
    guard !isCut(packet), nodes[packet.receiver.id.name]?.core.peer == packet.receiver else { return }
    delivered.append(packet)
    step(packet.receiver.id.name, .received(packet.message, from: packet.sender))
  }

  /// What is under way and fits is so no more.
  @discardableResult
  mutating func intercept(where fits: (Packet) -> Bool = { _ in true }) -> [Packet] {
    defer { network.removeAll(where: fits) }
    return network.filter(fits)
  }

  /// What these and the others say to each other is lost.
  mutating func isolate(_ names: String...) {
    isCut = { names.contains($0.sender.id.name) != names.contains($0.receiver.id.name) }
  }

  mutating func heal() { isCut = { _ in false } }

  /// Time passes; every node's timers run when they are due, and what they send is delivered.
  mutating func run(for duration: Duration) {
    let end = now.instant + duration
    while let (name, deadline) = nodes.mapValues(\.core.deadline).min(by: { ($0.value, $0.key) < ($1.value, $1.key) }),
      deadline <= end
    {
      advance(to: max(deadline, now.instant))
      step(name, .timer)
      deliver()
    }
    advance(to: end)
  }

  mutating func advance(to instant: Instant) {
    now = Moment(instant: instant, time: Timestamp(microseconds: Int64(instant.nanoseconds / 1000)))
  }

  mutating func advance(by duration: Duration) { advance(to: now.instant + duration) }

  /// One node's time is up.
  mutating func timeOut(_ name: String) {
    advance(to: max(self[name].deadline, now.instant))
    step(name, .timer)
  }

  /// Makes that node the leader.
  mutating func elect(_ name: String) {
    precondition(campaign(name), "\(name) is not elected:\n\(transcript.joined(separator: "\n"))")
  }

  /// Lets a node's time run out until it leads.
  @discardableResult
  mutating func campaign(_ name: String) -> Bool {
    for _ in 0..<20 where nodes[name]?.core.role != .leader {
      advance(to: max(nodes[name]?.core.deadline ?? now.instant, now.instant))
      // The others' time is not up: theirs begins when they hear this one.
      step(name, .timer)
      deliver()
    }
    return nodes[name]?.core.role == .leader
  }

  @discardableResult
  mutating func propose(_ values: String..., at name: String) -> RequestID {
    let request = makeRequest()
    step(name, .propose(values.map { .record($0) }, request))
    return request
  }

  mutating func makeRequest() -> RequestID {
    defer { nextRequest += 1 }
    return RequestID(nextRequest)
  }

  @discardableResult
  mutating func change(_ change: MembershipChange, at name: String) -> RequestID {
    let request = makeRequest()
    step(name, .change(change, request))
    return request
  }

  @discardableResult
  mutating func transfer(to target: String?, at name: String) -> RequestID {
    let request = makeRequest()
    step(name, .transferLeadership(to: target.map { NodeID($0) }, request))
    return request
  }

  @discardableResult
  mutating func read(at name: String) -> RequestID {
    let request = makeRequest()
    step(name, .read(request))
    return request
  }

  mutating func say(_ message: Message, from sender: String, life: UInt64 = 1, to receiver: String) {
    step(receiver, .received(message, from: Self.peer(sender, life: life)))
  }

  mutating func clearTranscript() { transcript = [] }

  /// What happens in `body`.
  mutating func transcript(of body: (inout TestCluster) -> Void) -> [String] {
    let before = transcript.count
    body(&self)
    return Array(transcript[before...])
  }

  /// A node's log as it is to be: `1@1 2@2`.
  func log(of name: String) -> String {
    nodes[name]?.accepted.batches.map { "\($0.index)@\($0.term)" }.joined(separator: " ") ?? ""
  }

  func answers(of name: String) -> [String] { nodes[name]?.answers ?? [] }

  func term(of name: String) -> UInt64 { self[name].status.role.term.rawValue }
  func commit(of name: String) -> UInt64 { self[name].commitIndex.rawValue }
  func role(of name: String) -> RoleSummary.Role { self[name].status.role.role }

  /// The node's retention cuts its log from the front.
  mutating func removeEntries(before index: UInt64, of name: String) {
    nodes[name]?.disk.removeEntries(before: LogIndex(index))
    nodes[name]?.accepted.removeEntries(before: LogIndex(index))
    if let start = nodes[name]?.disk.start { step(name, .startMoved(start)) }
  }

  /// What a node's disk has of records.
  func values(of name: String) -> [String] { nodes[name]?.disk.values ?? [] }
}

extension Settings {
  /// What follows from messages follows at once, and nothing waits for time to pass.
  static var withoutDelay: Settings {
    var settings = Settings()
    settings.commitNoticeDelay = .zero
    return settings
  }
}

extension RecordBatch {
  /// An entry as a leader of that term stamps it.
  static func entry(_ index: UInt64, term: UInt64, _ value: String? = nil) -> RecordBatch {
    let time = Timestamp(microseconds: 0)
    return (value.map { RecordBatch.record($0) } ?? RecordBatch.noOperation(timestamp: time))
      .stamped(index: LogIndex(index), term: Term(term), baseOffset: Offset(0), appendTime: time)
  }

  static func record(_ value: String) -> RecordBatch {
    var builder = RecordBatch.Builder()
    builder.append(ByteBuffer(string: value), timestamp: Timestamp(microseconds: 0))
    return builder.finish()
  }
}

extension String {
  /// The same in every run, unlike `hashValue`.
  var hashOfBytes: UInt32 { utf8.reduce(5381) { ($0 &* 33) &+ UInt32($1) } }
}

extension Message {
  static func append(
    term: UInt64, after previous: EntryID, _ batches: [RecordBatch] = [], commit: UInt64 = 0
  ) -> Message {
    .appendRequest(
      AppendRequest(term: Term(term), previous: previous, commitIndex: LogIndex(commit), batches: batches))
  }

  static func vote(
    term: UInt64, last: EntryID, isPreVote: Bool = false, isTransfer: Bool = false
  ) -> Message {
    .voteRequest(VoteRequest(term: Term(term), last: last, isPreVote: isPreVote, isTransfer: isTransfer))
  }

  static func heartbeat(term: UInt64, commit: UInt64 = 0, round: UInt64 = 1) -> Message {
    .heartbeat(Heartbeat(term: Term(term), commitIndex: LogIndex(commit), round: round))
  }
}

extension EntryID {
  static func at(_ index: UInt64, _ term: UInt64) -> EntryID { EntryID(index: LogIndex(index), term: Term(term)) }
}
