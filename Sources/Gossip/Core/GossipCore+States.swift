/// How what is said of a member changes what is known of it: memberlist's rules, which are SWIM §4.2's with the
/// incarnation first. Alive needs a newer incarnation than what is known; suspect and dead need at least the same,
/// and dead wins.
extension GossipCore {
  mutating func receive(_ alive: Alive) {
    // News from before a leave must not bring this node back.
    if alive.member == name && departure.hasLeft { return }
    guard isAcceptable(alive) else { return }
    guard let known = members.record(of: alive.member) else { return meet(alive) }
    let isMoved = known.address != alive.address
    if isMoved, !mayTakeOver(known) {
      counts.conflicts += 1
      actions.append(.conflict(known.name, existing: known.address, other: alive.address))
      return
    }
    if known.name == name { return hear(ofSelf: alive, own: known) }
    guard alive.incarnation > known.incarnation || isMoved || settings.has(.oldIncarnationRevives) else { return }
    renew(known, by: alive)
  }

  private mutating func meet(_ alive: Alive) {
    guard alive.incarnation.value > 0 else { return }
    guard members.count < settings.maximumMembers else {
      counts.overflows += 1
      actions.append(.tooManyMembers(alive.member, maximum: settings.maximumMembers))
      return
    }
    let record = MemberRecord(
      name: alive.member, address: alive.address, meta: alive.meta, versions: alive.versions,
      incarnation: alive.incarnation, state: .alive, since: now)
    members.insert(record, random: &random)
    hasChangedMembers = true
    broadcast(.alive(alive))
    serf.appeared(record)
  }

  private mutating func renew(_ known: MemberRecord, by alive: Alive) {
    broadcast(.alive(alive))
    var record = known
    record.suspicion = nil
    record.incarnation = alive.incarnation
    record.address = alive.address
    record.meta = alive.meta
    record.versions = alive.versions
    if record.state != .alive {
      record.state = .alive
      record.since = now
    }
    put(record)
    if known.isGone {
      serf.appeared(record)
    } else if known.meta != record.meta || known.address != record.address {
      serf.updated(record)
    }
  }

  /// Another address may take a name whose owner left, or is dead for a while (memberlist's DeadNodeReclaimTime).
  private func mayTakeOver(_ known: MemberRecord) -> Bool {
    if settings.has(.conflictTakesOver) { return known.name != name }
    switch known.state {
    case .left: return known.name != name
    case .dead: return now.since(known.since) > settings.deadNameReclaim
    case .alive, .suspect: return false
    }
  }

  /// An earlier life of this node, as others remember it, may have had other tags, or a higher incarnation.
  private mutating func hear(ofSelf alive: Alive, own: MemberRecord) {
    guard alive.incarnation >= own.incarnation else { return }
    let isWhatWeSay =
      alive.incarnation == own.incarnation && alive.meta == own.meta && alive.versions == own.versions
    if !isWhatWeSay { refute(alive.incarnation) }
  }

  mutating func suspect(_ suspicion: Suspicion) {
    guard isWellFormed(suspicion.from) else {
      counts.malformed += 1
      return
    }
    guard var known = members.record(of: suspicion.member), suspicion.incarnation >= known.incarnation else { return }
    if var timer = known.suspicion {
      // Each confirmation is passed on, so that it reaches the others who suspect (Lifeguard §IV-B).
      guard !settings.has(.noConfirmations), timer.confirm(by: suspicion.from) else { return }
      known.suspicion = timer
      put(known)
      earliestSuspicion = min(earliestSuspicion ?? timer.deadline, timer.deadline)
      broadcast(.suspect(suspicion))
      runSuspicions()
      return
    }
    guard known.state == .alive else { return }
    if known.name == name { return refute(suspicion.incarnation) }
    beginSuspicion(of: known, suspicion)
  }

  private mutating func beginSuspicion(of known: MemberRecord, _ suspicion: Suspicion) {
    counts.suspicions += 1
    broadcast(.suspect(suspicion))
    let minimum = SuspicionTimer.minimumTimeout(
      multiplier: settings.suspicionMultiplier, members: clusterSize, interval: settings.probeInterval)
    let timer = SuspicionTimer(
      by: suspicion.from, wanted: confirmationsWanted, minimum: settings.has(.noSuspicion) ? .zero : minimum,
      maximum: minimum * settings.maximumSuspicionMultiplier, at: now)
    var record = known
    record.incarnation = suspicion.incarnation
    record.state = .suspect
    record.since = now
    record.suspicion = timer
    put(record)
    earliestSuspicion = min(earliestSuspicion ?? timer.deadline, timer.deadline)
  }

  /// k: two less than α, so that the least time is reached when two others are late; none when there are not so many
  /// others.
  private var confirmationsWanted: Int {
    guard settings.lifeguard.contains(.suspicion), !settings.has(.noSuspicion) else { return 0 }
    let wanted = settings.suspicionMultiplier - 2
    return clusterSize - 2 < wanted ? 0 : max(wanted, 0)
  }

  /// Those whose time is over without a word are dead.
  mutating func runSuspicions() {
    guard let earliest = earliestSuspicion, earliest <= now else { return }
    earliestSuspicion = nil
    for record in members.records {
      guard let deadline = record.suspicion?.deadline else { continue }
      if deadline <= now {
        dead(Death(incarnation: record.incarnation, member: record.name, from: name))
      } else {
        earliestSuspicion = min(earliestSuspicion ?? deadline, deadline)
      }
    }
  }

  mutating func dead(_ death: Death) {
    guard isWellFormed(death.from) else {
      counts.malformed += 1
      return
    }
    guard var record = members.record(of: death.member), death.incarnation >= record.incarnation else { return }
    guard !record.isGone else { return }
    if record.name == name && !departure.hasLeft { return refute(death.incarnation) }
    broadcast(.dead(death))
    record.suspicion = nil
    record.incarnation = death.incarnation
    // Only a member itself says that it leaves.
    record.state = death.from == death.member && !settings.has(.leaveIsFailure) ? .left : .dead
    record.since = now
    put(record)
    if record.state == .dead { counts.deaths += 1 }
    serf.disappeared(record)
  }

  /// Contradicts: this node is alive, under an incarnation that is newer than the one it is accused under (SWIM
  /// §4.2). Who has to do that may well be slow (Lifeguard §IV-A).
  private mutating func refute(_ accused: Incarnation) {
    guard !settings.has(.noRefutation) else { return }
    counts.refutations += 1
    health.change(by: 1)
    var own = own
    own.incarnation =
      settings.has(.refutationNotRaised) ? max(own.incarnation, accused) : max(own.incarnation, accused).following
    put(own)
    broadcast(.alive(own.alive))
  }

  mutating func update(meta: [UInt8]) {
    guard !departure.hasBegun else { return refuse(.leaving) }
    guard meta.count <= settings.maximumMetaBytes else {
      return refuse(.metaTooLong(bytes: meta.count, maximum: settings.maximumMetaBytes))
    }
    var own = own
    own.meta = meta
    own.incarnation = own.incarnation.following
    put(own)
    broadcast(.alive(own.alive))
    serf.updated(own)
  }

  mutating func refuse(_ refusal: GossipRefusal) { actions.append(.refused(refusal)) }

  mutating func put(_ record: MemberRecord) {
    hasChangedMembers = true
    members.update(record.name) { $0 = record }
  }
}
