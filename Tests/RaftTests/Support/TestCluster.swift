import CommitLog
import NIOCore

@testable import Raft

/// Cores with disks and a network of which each test decides what arrives. Time passes when a test says so.
struct TestCluster {
  struct Node {
    var core: RaftCore
    /// As the disk has it; what was asked for and is not written yet is in `writes`.
    var disk: TestDisk
    var writes: [(id: WriteID, write: Action)] = []
    var isDiskSlow = false
    var committed = LogIndex(0)
    var answers: [String] = []
  }

  struct Packet {
    var sender: Peer
    var receiver: Peer
    var message: Message
  }

  private(set) var now = Moment(instant: Instant(nanoseconds: 1_000_000_000), time: Timestamp(microseconds: 0))
  var nodes: [String: Node] = [:]
  var network: [Packet] = []
  /// Packets between these are lost.
  var isCut: (Packet) -> Bool = { _ in false }
  /// What happened: `a: action`, one a line.
  private(set) var transcript: [String] = []
  private var nextRequest: UInt64 = 1

  static func peer(_ name: String, life: UInt64 = 1) -> Peer {
    Peer(id: NodeID(name), incarnation: LogIncarnation(high: life, low: 0))
  }

  /// Nodes that all have the same first entry, which says who votes.
  init(voters: [String], learners: [String] = [], settings: Settings = Settings()) {
    let configuration = Configuration(
      clusterID: "test",
      members: voters.map { Member(peer: Self.peer($0), address: "\($0):8400", role: .voter) }
        + learners.map { Member(peer: Self.peer($0), address: "\($0):8400", role: .learner) })
    let first = RecordBatch(
      kind: .configuration, payload: configuration.encoded(), timestamp: Timestamp(microseconds: 0)
    ).stamped(index: LogIndex(1), term: Term(1), baseOffset: Offset(0), appendTime: Timestamp(microseconds: 0))
    for name in voters + learners { start(name, disk: TestDisk(batches: [first], term: Term(1)), settings: settings) }
  }

  /// A node that stopped, or was never there, begins with what its disk has.
  mutating func start(_ name: String, disk: TestDisk, life: UInt64 = 1, settings: Settings = Settings()) {
    let core = RaftCore(
      peer: Self.peer(name, life: life), settings: settings, restored: disk.restored, seed: UInt64(name.hashOfBytes),
      at: now)
    nodes[name] = Node(core: core, disk: disk)
  }

  mutating func step(_ name: String, _ event: Event) {
    guard var node = nodes[name] else { return }
    let actions = node.core.step(event, at: now)
    for action in actions {
      transcript.append("\(name): \(action)")
      switch action {
      case .append(_, let id), .truncate(_, let id), .reset(_, let id), .save(_, let id):
        node.writes.append((id, action))
      case .send(let message, let receiver):
        network.append(Packet(sender: node.core.peer, receiver: receiver, message: message))
      case .fetch(let fetch, let index, let bytes):
        nodes[name] = node
        step(name, .fetched(fetch, node.disk.read(from: index, maximumBytes: bytes)))
        node = nodes[name] ?? node
      case .fetchSnapshot(let fetch):
        nodes[name] = node
        step(name, .snapshotFetched(fetch, node.disk.snapshot))
        node = nodes[name] ?? node
      case .commit(let index): node.committed = index
      case .accepted, .refusedProposal, .changed, .readIndex: node.answers.append("\(action)")
      case .roleChanged, .configurationChanged, .probeStorage: break
      }
    }
    nodes[name] = node
    if !node.isDiskSlow { finishWrites(of: name) }
  }

  /// The disk of a node is done with all that it was asked for.
  mutating func finishWrites(of name: String) {
    while let (id, write) = nodes[name]?.writes.first {
      nodes[name]?.writes.removeFirst()
      nodes[name]?.disk.carryOut(write)
      step(name, .written(id))
    }
  }

  /// Delivers what is under way, and what comes of it, until nothing is.
  mutating func deliver(limit: Int = 10_000) {
    var delivered = 0
    while !network.isEmpty {
      let packet = network.removeFirst()
      delivered += 1
      precondition(delivered < limit, "messages without end")
      guard !isCut(packet), nodes[packet.receiver.id.name]?.core.peer == packet.receiver else { continue }
      step(packet.receiver.id.name, .received(packet.message, from: packet.sender))
    }
  }

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

  /// Makes that node the leader.
  mutating func elect(_ name: String) {
    for _ in 0..<50 where nodes[name]?.core.role != .leader {
      advance(to: max(nodes[name]?.core.deadline ?? now.instant, now.instant))
      // The others' time is not up: theirs begins when they hear this one.
      step(name, .timer)
      deliver()
    }
    precondition(nodes[name]?.core.role == .leader, "\(name) is not elected:\n\(transcript.joined(separator: "\n"))")
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

  mutating func clearTranscript() { transcript = [] }

  /// What a node's disk has of records.
  func values(of name: String) -> [String] { nodes[name]?.disk.values ?? [] }
}

/// A log and the two other things that a node must not forget.
struct TestDisk {
  var start = LogEnd(nextIndex: LogIndex(1), nextOffset: Offset(0), lastTerm: Term(0))
  var batches: [RecordBatch] = []
  var hardState = HardState()
  /// Of before `start`.
  var startConfiguration: ConfigurationHistory.Entry?

  init(batches: [RecordBatch] = [], term: Term = Term(0)) {
    self.batches = batches
    hardState = HardState(term: term)
  }

  var end: LogEnd {
    batches.last.map { LogEnd(nextIndex: $0.index.following, nextOffset: $0.nextOffset, lastTerm: $0.term) } ?? start
  }

  var configurations: ConfigurationHistory {
    ConfigurationHistory(
      [startConfiguration].compactMap(\.self)
        + batches.compactMap { batch in
          guard batch.kind == .configuration else { return nil }
          return Configuration(decoding: batch.payload).map { .init(index: batch.index, configuration: $0) }
        })
  }

  var restored: RaftCore.Restored {
    var terms = TermHistory()
    for batch in batches { terms.append(batch.term, at: batch.index) }
    return RaftCore.Restored(
      hardState: hardState, start: start, end: end, terms: terms, configurations: configurations)
  }

  var snapshot: Snapshot? {
    startConfiguration.map { Snapshot(start: start, configuration: $0, state: ByteBuffer()) }
  }

  var values: [String] {
    batches.filter { $0.kind == .records }.map { batch in
      (try? batch.records.map { String(buffer: $0.value) }.joined(separator: ",")) ?? "?"
    }
  }

  func read(from index: LogIndex, maximumBytes: Int) -> [RecordBatch] {
    var bytes = 0
    return Array(
      batches.drop { $0.index < index }.prefix { batch in
        bytes += batch.byteCount
        return batch.index == index || bytes <= maximumBytes
      })
  }

  mutating func carryOut(_ write: Action) {
    switch write {
    case .append(let new, _):
      precondition(new.first?.index == end.nextIndex, "append at \(String(describing: new.first?.index)) to \(end)")
      batches += new
    case .truncate(let index, _): batches.removeAll { $0.index >= index }
    case .reset(let snapshot, _):
      start = snapshot.start
      startConfiguration = snapshot.configuration
      batches = []
    case .save(let state, _): hardState = state
    default: preconditionFailure("\(write) is no write")
    }
  }

  /// Cuts the log from the front.
  mutating func removeEntries(before index: LogIndex) {
    let removed = batches.prefix { $0.index < index }
    guard let last = removed.last else { return }
    startConfiguration =
      ConfigurationHistory(
        [startConfiguration].compactMap(\.self)
          + removed.compactMap { batch in
            guard batch.kind == .configuration else { return nil }
            return Configuration(decoding: batch.payload).map { .init(index: batch.index, configuration: $0) }
          }
      ).newest
    start = LogEnd(nextIndex: last.index.following, nextOffset: last.nextOffset, lastTerm: last.term)
    batches.removeFirst(removed.count)
  }
}

extension RecordBatch {
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
