/// Which of several processes acts: the one that holds a Lease. A value without clock and I/O: `next` says what to do,
/// `read`, `written` and `failed` take what came of it.
///
/// Two never lead at once, whatever their clocks say and however long one of them is paused:
/// - A holder believes that it leads for `renewDeadline` after it *sent* its last successful write.
/// - Another takes the lease `leaseDuration`, which is longer, after it *saw* the lease change last. It measures by its
///   own monotonic clock; the times in the lease are for people.
/// - Each write carries the resource version that was read, so that of two that write at once one fails.
///
/// The rules are those of client-go's `leaderelection`, but for three that are stricter: the deadline counts from the
/// sending, a standby wakes when the lease expires rather than at its next poll, and one that saw a holder does not
/// take a Lease that was deleted before that holder's time is over.
package struct LeaseElection: Sendable {
  package typealias Instant = ContinuousClock.Instant

  package enum Action: Sendable, Hashable {
    case read
    case create(Lease)
    /// Replace the object, provided that it still has the resource version in it.
    case update(Lease)
    case wait(until: Instant)
    /// It is over: with nil the lease was given back, or never held.
    case end(LeaseLost?)
  }

  private enum Role: Hashable {
    case standby
    case leading(until: Instant)
    case over(LeaseLost?)
  }

  /// What we know of the Lease in the API server, as of the last answer.
  private enum Knowledge: Hashable {
    case stale
    case absent
    case present
  }

  private let key: ObjectKey
  private let identity: String
  private let timing: LeaseTiming

  private var role = Role.standby
  private var knowledge = Knowledge.stale
  /// The lease as it was last seen, and when it was first seen so.
  private var seen: (lease: Lease, since: Instant)?
  private var nextAttempt: Instant?
  /// When the request that is under way was sent.
  private var sentAt: Instant?
  private var failuresInRow = 0
  private var lastError: KubernetesError?
  private var isStopping = false

  /// - Parameter identity: of this process alone, also among those that have ended.
  package init(_ key: ObjectKey, identity: String, timing: LeaseTiming) {
    self.key = key
    self.identity = identity
    self.timing = timing
  }

  /// Until when we may believe that we lead; nil: we do not.
  package var leadsUntil: Instant? { if case .leading(let deadline) = role { deadline } else { nil } }

  package func isLeading(at now: Instant) -> Bool { leadsUntil.map { now < $0 } ?? false }

  /// Who holds the lease, as far as we know; empty: nobody.
  package var holder: String { seen?.lease.holder ?? "" }

  /// From now on the lease is given back instead of renewed.
  package mutating func stop() { isStopping = true }

  /// What to do now. After `read`, `create` and `update` the outcome must be told before the next call.
  ///
  /// - Parameters:
  ///   - time: what the wall clock says; it is only written down.
  ///   - jitter: from 0 to 1, keeps standbys from asking in step.
  package mutating func next(now: Instant, time: MicroTime, jitter: Double) -> Action {
    precondition(sentAt == nil, "the last request's outcome has not been told")
    if case .leading(let deadline) = role, deadline <= now { role = .over(.notRenewed(lastError)) }
    if case .over(let loss) = role { return .end(loss) }
    if isStopping { return giveBack(now, time) }
    if let nextAttempt, now < nextAttempt { return .wait(until: min(nextAttempt, leadsUntil ?? nextAttempt)) }
    switch (knowledge, seen?.lease) {
    case (.present, let lease?) where leadsUntil != nil: return send(.update(lease.renewed(at: time)), now)
    case (.present, let lease?) where isFree(lease, at: now):
      return send(.update(lease.taken(by: identity, for: timing.leaseDuration, at: time)), now)
    case (.absent, let lease) where leadsUntil != nil || lease.map({ isFree($0, at: now) }) ?? true:
      return send(.create(Lease(key).taken(by: identity, for: timing.leaseDuration, at: time)), now)
    case (.stale, _): return send(.read, now)
    case (.present, _), (.absent, _):
      knowledge = .stale
      let nextRead = now + timing.retryPeriod * (1 + LeaseTiming.jitter * jitter)
      let attempt = seen.map { min(nextRead, $0.since + duration($0.lease)) } ?? nextRead
      nextAttempt = attempt
      return .wait(until: attempt)
    }
  }

  /// The answer to `read`: nil when there is no such Lease.
  package mutating func read(_ lease: Lease?, now: Instant) {
    sentAt = nil
    nextAttempt = nil
    guard let lease else {
      knowledge = .absent
      return
    }
    knowledge = .present
    if let seen, seen.lease.isSameTerm(as: lease) {
      self.seen = (lease, seen.since)
    } else {
      seen = (lease, now)
    }
    if leadsUntil != nil, lease.holder != identity { role = .over(.taken(by: lease.holder)) }
  }

  /// Our `create` or `update` was stored as `lease`.
  package mutating func written(_ lease: Lease, now: Instant) {
    guard let sentAt else { preconditionFailure("\(lease) was written but not asked for") }
    self.sentAt = nil
    seen = (lease, now)
    knowledge = .present
    failuresInRow = 0
    lastError = nil
    guard lease.holder == identity else {
      role = .over(nil)  // Given back.
      return
    }
    role = .leading(until: sentAt + timing.renewDeadline)
    nextAttempt = sentAt + timing.retryPeriod
  }

  /// The request failed. Whether a write took effect may be unknown: the next step is to read.
  package mutating func failed(_ error: KubernetesError, now: Instant) {
    sentAt = nil
    failuresInRow += 1
    lastError = error
    if isStopping { role = .over(nil) }  // One try: without it the lease expires by itself.
    let isLeaderOutrun = leadsUntil != nil && knowledge != .stale && error.isAnswered && failuresInRow == 1
    knowledge = .stale
    // Somebody else has written: a leader must know at once who. Whoever merely waits has time.
    nextAttempt = isLeaderOutrun ? nil : now + max(timing.retryPeriod, error.retryAfter ?? .zero)
  }

  /// How long the request that was just asked for may take. What comes later has no use.
  package func timeLimit(now: Instant) -> Duration {
    min(timing.requestTimeout, leadsUntil.map { now.duration(to: $0) } ?? timing.requestTimeout)
  }

  private mutating func send(_ action: Action, _ now: Instant) -> Action {
    sentAt = now
    return action
  }

  private mutating func giveBack(_ now: Instant, _ time: MicroTime) -> Action {
    guard leadsUntil != nil, let seen else {
      role = .over(nil)
      return .end(nil)
    }
    return send(.update(seen.lease.released(at: time)), now)
  }

  /// Ours already, which a process learns whose first write was answered too late; nobody's; or expired.
  private func isFree(_ lease: Lease, at now: Instant) -> Bool {
    guard let since = seen?.since else { return true }
    return lease.holder.isEmpty || lease.holder == identity || now >= since + duration(lease)
  }

  private func duration(_ lease: Lease) -> Duration { lease.duration ?? timing.leaseDuration }
}

extension KubernetesError {
  /// The API server refused because of what is there: no transport failure, no overload.
  fileprivate var isAnswered: Bool { isConflict || isAlreadyExists || isNotFound }
}
