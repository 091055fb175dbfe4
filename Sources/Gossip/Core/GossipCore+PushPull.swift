import Glibc

/// An exchange of states that this node began.
struct Exchange: Hashable, Sendable {
  enum Purpose: Hashable, Sendable {
    case join, reconnect, periodic
  }

  let purpose: Purpose
  /// A shell that never tells the end is not waited for.
  let expiry: GossipInstant
}

/// How a join goes.
struct Join: Hashable, Sendable {
  var seeds = 0
  var pending = 0
  var contacted = 0
}

/// Whole states, told over a stream: how a node joins, and how those meet again who missed the gossip (memberlist's
/// anti-entropy).
extension GossipCore {
  /// A shell tells the end of each within its time-out; so many are never under way but by a join of many seeds.
  private static let maximumExchanges = 64
  /// Up to so many members each is told whole states at the same interval.
  private static let membersAtFullRate = 32

  /// Longer in a large cluster, so that the bytes of all do not grow with its square.
  var pushPullInterval: Duration {
    guard clusterSize > Self.membersAtFullRate else { return settings.pushPullInterval }
    let doublings = (log2(Double(clusterSize)) - log2(Double(Self.membersAtFullRate))).rounded(.up)
    return settings.pushPullInterval * (Int(doublings) + 1)
  }

  mutating func begin(joining seeds: [GossipAddress]) {
    guard !departure.hasBegun else { return refuse(.leaving) }
    var join = self.join ?? Join()
    for seed in seeds.prefix(Self.maximumExchanges) where seed.isUsable {
      guard exchange(with: GossipDestination(address: seed), for: .join) else { break }
      join.seeds += 1
      join.pending += 1
    }
    if join.pending == 0 {
      actions.append(.joined(contacted: 0, of: 0))
    } else {
      self.join = join
    }
  }

  mutating func exchangeWithAny() {
    expireExchanges()
    let others = members.sample(1, random: &random) { $0.state == .alive && $0.name != name }
    if let other = others.first { exchange(with: other.destination, for: .periodic) }
  }

  /// Serf calls one of the failed now and then, so that two halves of a cluster find each other after a partition.
  mutating func reconnect() {
    guard !departure.hasBegun, !settings.has(.noReconnect) else { return }
    if let failed = serf.drawReconnect(random: &random) { exchange(with: failed, for: .reconnect) }
  }

  @discardableResult
  private mutating func exchange(with other: GossipDestination, for purpose: Exchange.Purpose) -> Bool {
    guard exchanges.count < Self.maximumExchanges else {
      counts.overflows += 1
      return false
    }
    let id = ExchangeID(number: nextExchange)
    nextExchange += 1
    exchanges[id] = Exchange(purpose: purpose, expiry: now + settings.streamTimeout * 3)
    counts.exchanges += 1
    actions.append(.exchange(state(isJoin: purpose != .periodic), id, with: other))
    return true
  }

  private mutating func expireExchanges() {
    let expired = exchanges.filter { $0.value.expiry <= now }
    for (id, exchange) in expired {
      exchanges[id] = nil
      ended(exchange, isContacted: false)
    }
  }

  mutating func exchanged(_ id: ExchangeID, _ state: PushPull?) {
    guard let exchange = exchanges.removeValue(forKey: id) else { return }
    if let state { merge(state) }
    ended(exchange, isContacted: state != nil)
  }

  private mutating func ended(_ exchange: Exchange, isContacted: Bool) {
    if !isContacted { counts.failedExchanges += 1 }
    guard exchange.purpose == .join, var join else { return }
    join.pending -= 1
    if isContacted { join.contacted += 1 }
    self.join = join.pending > 0 ? join : nil
    guard join.pending == 0 else { return }
    if join.contacted > 0, !departure.hasBegun { serf.announceJoin() }
    actions.append(.joined(contacted: join.contacted, of: join.seeds))
  }

  /// The other is told what was known before it said something.
  mutating func answer(_ state: PushPull, on stream: StreamID) {
    actions.append(.answerExchange(self.state(isJoin: state.isJoin), stream))
    merge(state)
  }

  private func state(isJoin: Bool) -> PushPull {
    PushPull(isJoin: isJoin, members: members.records.map(\.summary), userState: SerfCoding.encode(serf.state))
  }

  private mutating func merge(_ state: PushPull) {
    for summary in state.members { merge(summary) }
    serf.merge(state.userState)
  }

  private mutating func merge(_ summary: MemberSummary) {
    switch summary.state {
    case .alive: receive(summary.alive)
    case .left: dead(Death(incarnation: summary.incarnation, member: summary.member, from: summary.member))
    case .dead where settings.has(.mergedDeathCounts):
      dead(Death(incarnation: summary.incarnation, member: summary.member, from: name))
    // It may be the other who is wrong: the member gets the time of a suspicion to say so.
    case .dead, .suspect: suspect(Suspicion(incarnation: summary.incarnation, member: summary.member, from: name))
    }
  }
}

extension MemberSummary {
  var alive: Alive {
    Alive(incarnation: incarnation, member: member, address: address, meta: meta, versions: versions)
  }
}
