import CommitLog
import NIOCore
package import Raft

/// A whole cluster in one thread: cores, disks, a network, clients and an administrator in virtual time, all from one seed.
///
/// First things go wrong as planned, while everything that happens is checked. Then everything heals, and the cluster has to make
/// progress within a bound of time; in some runs once more with a minority down.
package final class ClusterSimulation {
  /// What is going to happen.
  enum Happening {
    case message(Message, from: Peer, to: Peer, connection: UInt32)
    case disconnected(slot: Int, run: UInt32, peer: Peer)
    case timer(slot: Int, run: UInt32)
    case diskDone(slot: Int, run: UInt32)
    /// Of the shell's own: what it was asked to read or to find out.
    case input(slot: Int, run: UInt32, SimulatedNode.Input)
    case fault(Int)
    case faultEnds(Int)
    case start(slot: Int)
    case clientWakes(Int)
    case request(slot: Int, ClientRequest)
    case reply(ClientReply)
    case rashChange(slot: Int)
    case administratorWakes
    case progressCheck
  }

  enum Phase {
    case faults
    /// Everything is well; until then there has to be progress.
    case recovery(until: VirtualTime)
    case minorityDown(until: VirtualTime)
    case done
  }

  let plan: ClusterPlan
  let settings: Settings
  let transcript: Transcript?
  var now = VirtualTime.zero
  var heap = EventHeap<Happening>()
  var nodes: [SimulatedNode] = []
  var network: SimulatedNetwork
  var oracle = Oracle()
  var clients: [any SimulatedClient] = []
  var administrator: Administrator
  var activeFaults: [Int: ActiveFault] = [:]
  /// Faults in force by which somebody asks every new leader for changes.
  var rashness = 0
  var phase = Phase.faults
  var dice: Dice
  var diskDice: Dice
  var nextRequest: UInt64 = 1
  package internal(set) var coverage = Coverage()
  package internal(set) var events = 0
  /// A hash of all that happened.
  package internal(set) var fingerprint: UInt64 = 0

  private init(_ plan: ClusterPlan, _ bugs: Set<PlantedBug>, _ transcript: Transcript?) {
    self.plan = plan
    self.transcript = transcript
    var settings = plan.settings
    #if PLANTED_BUGS
    settings.plantedBugs = bugs
    #else
    precondition(bugs.isEmpty, "bugs can be planted in debug builds only")
    #endif
    self.settings = settings
    dice = Dice(seed: plan.seed ^ 0x5157_4C41)
    diskDice = Dice(seed: plan.seed ^ 0x4449_534B)
    network = SimulatedNetwork(profile: plan.network, slots: plan.slots, seed: plan.seed ^ 0x4E45_54)
    administrator = Administrator(plan)
  }

  /// Runs one plan.
  package static func run(
    _ plan: ClusterPlan, planting bugs: Set<PlantedBug> = [], transcript: Transcript? = nil
  ) throws(ClusterFailure) -> ClusterResult {
    let simulation = ClusterSimulation(plan, bugs, transcript)
    do throws(Violation) {
      try simulation.begin()
      try simulation.run()
    } catch {
      throw ClusterFailure(
        seed: plan.seed, check: error.check, what: error.what, time: simulation.now, events: simulation.events)
    }
    return ClusterResult(
      events: simulation.events, time: simulation.now, entries: simulation.oracle.committed.count,
      coverage: simulation.coverage, fingerprint: simulation.fingerprint)
  }

  // MARK: Course

  private func begin() throws(Violation) {
    note("plan: \(plan.voters) voters, \(plan.learners) learners, \(plan.slots) names, bootstrap \(plan.bootstraps)")
    let first = firstEntry()
    for slot in 0..<plan.slots {
      let isMember = !plan.bootstraps && slot < plan.voters + plan.learners
      nodes.append(
        SimulatedNode(
          slot: slot, slots: plan.slots,
          clock: NodeClock(rate: plan.clockRates[slot], offset: dice.below(.seconds(1_000_000))),
          storage: isMember ? MemoryStorage(first: first) : MemoryStorage()))
    }
    for node in nodes { try start(node) }
    for client in plan.clients {
      clients.append(makeClient(client, position: clients.count))
      heap.push(.clientWakes(clients.count - 1), at: now + dice.below(client.pause))
    }
    for position in plan.faults.indices { heap.push(.fault(position), at: plan.faults[position].time) }
    heap.push(.administratorWakes, at: now + .milliseconds(1))
  }

  /// What all members have from the beginning unless one of them begins the cluster.
  private func firstEntry() -> RecordBatch {
    let members = (0..<plan.voters + plan.learners).map { slot in
      let id = SimulatedNode.name(of: slot)
      return Member(
        peer: Peer(id: id, incarnation: LogIncarnation(high: 1, low: UInt64(slot))), address: "\(id):8400",
        role: slot < plan.voters ? .voter : .learner)
    }
    let time = Timestamp(microseconds: 0)
    return RecordBatch(
      kind: .configuration, payload: Configuration(clusterID: "simulated", members: members).encoded(), timestamp: time
    ).stamped(index: LogIndex(1), term: Term(1), baseOffset: Offset(0), appendTime: time)
  }

  private func makeClient(_ client: PlannedClient, position: Int) -> any SimulatedClient {
    switch client.kind {
    case .idempotentProducer, .plainProducer: ProducerClient(client, position: position, slots: plan.slots)
    case .consumer: ConsumerClient(client, position: position, slots: plan.slots)
    case .linearizableReader: ReaderClient(client, position: position, slots: plan.slots)
    }
  }

  private func run() throws(Violation) {
    while let (time, happening) = heap.pop() {
      now = max(now, time)
      events += 1
      try happen(happening)
      switch phase {
      case .faults: if now >= plan.horizon || events >= plan.maximumEvents { try heal() }
      case .recovery(let end), .minorityDown(let end): if now > end { throw stalled() }
      case .done: return
      }
    }
  }

  private func happen(_ happening: Happening) throws(Violation) {
    switch happening {
    case .message(let message, let sender, let receiver, let connection):
      try arrive(message, from: sender, to: receiver, connection)
    case .disconnected(let slot, let run, let peer):
      if nodes[slot].run == run { try give(.event(.disconnected(peer)), to: nodes[slot]) }
    case .timer(let slot, let run): if nodes[slot].run == run { try timerFires(on: nodes[slot]) }
    case .diskDone(let slot, let run): if nodes[slot].run == run { try diskDone(on: nodes[slot]) }
    case .input(let slot, let run, let input): if nodes[slot].run == run { try give(input, to: nodes[slot]) }
    case .fault(let position): if case .faults = phase { try begin(plan.faults[position]) }
    case .faultEnds(let number): try endFault(number)
    case .start(let slot): if case .faults = phase, !nodes[slot].isRunning { try start(nodes[slot]) }
    case .clientWakes(let position): try wake(position)
    case .request(let slot, let request): try give(.request(request), to: nodes[slot])
    case .reply(let reply): try clients[reply.client].receive(reply, oracle, &coverage)
    case .rashChange(let slot):
      var dice = Dice(seed: self.dice.next())
      if case .faults = phase { try changeRashly(at: nodes[slot], &dice) }
    case .administratorWakes: try administrate()
    case .progressCheck: try checkProgress()
    }
  }

  // MARK: Notes

  var isNoting: Bool { transcript != nil }

  func note(_ text: @autoclosure () -> String) {
    guard let transcript else { return }
    transcript.add("\(now) \(text())")
  }

  func mixIntoFingerprint(_ value: UInt64) {
    fingerprint = EntryHash.mix(fingerprint, value)
  }

  func makeRequest() -> UInt64 {
    defer { nextRequest += 1 }
    return nextRequest
  }
}
