/// Serf above memberlist: joins and leaves in the order of a Lamport clock, members that are remembered after they
/// are gone, events and queries that are passed on.
struct SerfLayer: Sendable {
  let name: MemberName
  let settings: GossipSettings
  var now: GossipInstant

  /// Few change at a time, so that looking one up by name is what has to be quick.
  private(set) var members: [MemberName: SerfMember] = [:]
  var intents: RecentIntents
  var clock = LamportClock()
  var eventClock = LamportClock()
  var queryClock = LamportClock()
  var events: RecentMessages<UserEvent>
  var queries: RecentMessages<UInt32>
  var ownQueries: [OwnQuery] = []
  var isLeaving = false

  var intentQueue: BroadcastQueue
  var queryQueue: BroadcastQueue
  var eventQueue: BroadcastQueue

  var nextReap: GossipInstant
  /// No member is to be pruned before.
  var earliestPrune: GossipInstant?
  var actions: [GossipAction] = []
  var counters = SerfCounters()

  init(name: MemberName, settings: GossipSettings, at now: GossipInstant) {
    self.name = name
    self.settings = settings
    self.now = now
    intents = RecentIntents(maximum: settings.maximumRecentIntents)
    events = RecentMessages(maximumBytes: settings.maximumRecentBytes)
    queries = RecentMessages(maximumBytes: settings.maximumRecentBytes)
    intentQueue = BroadcastQueue(maximumBytes: settings.maximumQueueBytes)
    queryQueue = BroadcastQueue(maximumBytes: settings.maximumQueueBytes)
    eventQueue = BroadcastQueue(maximumBytes: settings.maximumQueueBytes)
    nextReap = now + settings.reapInterval
  }

  mutating func takeActions() -> [GossipAction] {
    defer { actions = [] }
    return actions
  }

  // MARK: Members, as memberlist tells

  mutating func appeared(_ record: MemberRecord) {
    var member = SerfMember(record, status: .alive, statusTime: LamportTime(0))
    if let known = members[record.name] {
      member.statusTime = known.statusTime
      if known.status == .failed, let since = known.goneSince, now.since(since) < Self.flapTimeout {
        counters.flaps += 1
      }
    } else if let intent = intents[record.name] {
      member.statusTime = intent.time
      if intent.kind == .leave { member.status = .leaving }
    }
    put(member)
    report(.joined, member)
    makeRoom()
  }

  mutating func updated(_ record: MemberRecord) {
    guard var member = members[record.name] else { return }
    member.address = record.address
    member.meta = record.meta
    member.versions = record.versions
    put(member)
    report(.updated, member)
  }

  /// A member that left by its own word has left even if the intent before was lost.
  mutating func disappeared(_ record: MemberRecord) {
    guard var member = members[record.name], !member.isGone else { return }
    member.status = member.status == .leaving || record.state == .left ? .left : .failed
    member.goneSince = now
    put(member)
    report(member.status == .left ? .left : .failed, member)
  }

  // MARK: The table

  private static let flapTimeout: Duration = .seconds(60)

  var count: Int { members.count }
  var views: [MemberView] { members.values.map(\.view).sorted { $0.name < $1.name } }

  func knows(_ name: MemberName) -> Bool { members[name] != nil }
  func view(of name: MemberName) -> MemberView? { members[name]?.view }
  func member(_ name: MemberName) -> SerfMember? { members[name] }

  mutating func put(_ member: SerfMember) { members[member.name] = member }

  mutating func erase(_ member: SerfMember) {
    members[member.name] = nil
    report(.reaped, member)
  }

  mutating func report(_ kind: MemberEvent.Kind, _ member: SerfMember) {
    actions.append(.member(MemberEvent(kind: kind, member: member.view)))
  }

  /// Those that are gone give way to those that are there, who are fewer than the bound in memberlist's table.
  private mutating func makeRoom() {
    while members.count > settings.maximumMembers {
      let gone = members.values.filter(\.isGone)
      guard let oldest = gone.min(by: { ($0.goneSince ?? now, $0.name) < ($1.goneSince ?? now, $1.name) }) else {
        return
      }
      erase(oldest)
    }
  }

  // MARK: Time

  var deadline: GossipInstant {
    min(nextReap, earliestPrune ?? nextReap)
  }

  mutating func runTimers() {
    prune()
    guard nextReap <= now else { return }
    nextReap = now + settings.reapInterval
    intents.forget(olderThan: settings.recentIntentTimeout, at: now)
    ownQueries.removeAll { $0.end <= now }
    reap()
  }

  private mutating func reap() {
    let old = members.values.filter { member in
      guard let since = member.goneSince else { return false }
      let timeout = member.status == .failed ? settings.reconnectTimeout : settings.tombstoneTimeout
      return now.since(since) > timeout
    }
    for member in old.sorted(by: { $0.name < $1.name }) { erase(member) }
  }

  private mutating func prune() {
    guard let earliest = earliestPrune, earliest <= now else { return }
    let due = members.values.filter { $0.pruneAt.map { $0 <= now } ?? false }
    earliestPrune = members.values.compactMap(\.pruneAt).filter { $0 > now }.min()
    for member in due.sorted(by: { $0.name < $1.name }) { erase(member) }
  }

  /// One of the failed, so that all nodes together call each of them about once in an interval.
  func drawReconnect(random: inout SplitMix64) -> GossipDestination? {
    let failed = members.values.filter { $0.status == .failed }.sorted { $0.name < $1.name }
    guard !failed.isEmpty else { return nil }
    let alive = members.values.count { !$0.isGone }
    guard random.fraction() <= Double(failed.count) / Double(max(alive, 1)) else { return nil }
    let member = failed[random.below(failed.count)]
    return GossipDestination(address: member.address, name: member.name)
  }

  // MARK: News

  var hasNews: Bool { !(intentQueue.isEmpty && queryQueue.isEmpty && eventQueue.isEmpty) }
  var queuedBytes: Int { intentQueue.bytes + queryQueue.bytes + eventQueue.bytes }
  var queuedMessages: Int { intentQueue.count + queryQueue.count + eventQueue.count }
  var droppedBroadcasts: Int { intentQueue.dropped + queryQueue.dropped + eventQueue.dropped }

  /// Intents first, then queries, whose asker waits, then events.
  mutating func addNews(to packet: inout Packet, limit: Int) {
    intentQueue.take(into: &packet, limit: limit)
    queryQueue.take(into: &packet, limit: limit)
    eventQueue.take(into: &packet, limit: limit)
  }

  func check() {
    for queue in [intentQueue, queryQueue, eventQueue] {
      precondition(queue.bytes <= settings.maximumQueueBytes, "\(queue.bytes) bytes of Serf wait to be gossiped")
    }
    precondition(intents.count <= settings.maximumRecentIntents, "\(intents.count) intents")
    precondition(ownQueries.count <= Self.maximumOwnQueries, "\(ownQueries.count) queries")
  }
}

/// The part of ``GossipCounters`` that Serf counts.
struct SerfCounters: Hashable, Sendable {
  var flaps = 0
  var malformed = 0
  var overflows = 0
  var repeated = 0
}
