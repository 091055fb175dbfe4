import CommitLog
import DequeModule

/// What a leader knows of one follower's log, and what is on its way there.
struct Progress: Sendable {
  enum Mode: Hashable {
    /// Where the logs part is not known: one message at a time.
    case probe(retryAt: Instant?)
    /// They are the same up to `next`: messages follow each other without waiting.
    case replicate
    /// It gets the start of the log.
    case snapshot(retryAt: Instant?)
  }

  let peer: Peer
  var mode = Mode.probe(retryAt: nil)
  /// On its disk, and the leader's.
  private(set) var match = LogIndex(0)
  /// The next entry to send.
  private(set) var next: LogIndex
  /// Messages that are not acknowledged, the oldest first.
  private var inflight: Deque<(last: LogIndex, bytes: Int)> = []
  private(set) var inflightBytes = 0
  /// When what is on its way counts as lost.
  private(set) var lossAt: Instant?
  /// What the shell was asked to read for it.
  var fetch: FetchID?
  /// When it last answered.
  var heard: Instant?
  var acknowledgedRound: UInt64 = 0
  /// The commit index that it was last told.
  var toldCommit = LogIndex(0)

  init(peer: Peer, next: LogIndex) {
    self.peer = peer
    self.next = next
  }

  /// Bytes that may be sent now; nil when nothing may. A single batch may be larger than the bound, alone.
  func allowance(_ settings: Settings) -> Int? {
    guard fetch == nil else { return nil }
    switch mode {
    case .probe(let retryAt): return retryAt == nil ? settings.maximumMessageBytes : nil
    case .snapshot: return nil
    case .replicate:
      let free = settings.maximumInflightBytes - inflightBytes
      return inflight.isEmpty || free > 0 ? min(max(free, 1), settings.maximumMessageBytes) : nil
    }
  }

  /// Whether it could commit more than it was told, and nothing is on its way whose answer leads to more.
  func lacksCommit(_ commitIndex: LogIndex) -> Bool {
    mode == .replicate && inflight.isEmpty && toldCommit < min(commitIndex, match)
  }

  mutating func sent(_ request: AppendRequest, at now: Instant, _ settings: Settings) {
    toldCommit = max(toldCommit, request.commitIndex)
    switch mode {
    case .probe: mode = .probe(retryAt: now + settings.heartbeatInterval * 2)
    case .snapshot: preconditionFailure("entries sent to \(peer), which gets a snapshot")
    case .replicate:
      guard let last = request.batches.last else { return }
      let bytes = request.batches.reduce(0) { $0 + $1.byteCount }
      if inflight.isEmpty { lossAt = now + settings.retransmissionTimeout }
      inflight.append((last.index, bytes))
      inflightBytes += bytes
      next = last.index.following
    }
  }

  /// - Parameter lastIndex: of the leader's log; a peer that claims more is not believed.
  mutating func accepted(
    matched: LogIndex, flushed: FlushedIndex, lastIndex: LogIndex, at now: Instant, _ settings: Settings
  ) {
    guard flushed.index <= matched, matched <= lastIndex else { return }
    match = max(match, flushed.index)
    switch mode {
    case .replicate:
      next = max(next, matched.following)
      if removeAcknowledged() { lossAt = inflight.isEmpty ? nil : now + settings.retransmissionTimeout }
    case .probe, .snapshot:
      // An answer from before the probing began says less than what is known.
      guard matched >= next.preceding else { return }
      next = matched.following
      mode = .replicate
      // What has arrived and is not on its disk still counts against the bound.
      while let last = inflight.last, last.last > matched {
        inflight.removeLast()
        inflightBytes -= last.bytes
      }
      removeAcknowledged()
      lossAt = inflight.isEmpty ? nil : now + settings.retransmissionTimeout
    }
  }

  /// - Returns: whether there was any.
  @discardableResult
  private mutating func removeAcknowledged() -> Bool {
    let before = inflight.count
    while let first = inflight.first, first.last <= match {
      inflight.removeFirst()
      inflightBytes -= first.bytes
    }
    return inflight.count < before
  }

  /// - Returns: whether `next` moved back.
  mutating func rejected(previous: LogIndex, possibleMatch: LogIndex) -> Bool {
    switch mode {
    case .snapshot: return false
    // Of another message than the last (stale) or of what it has acknowledged (stale, too).
    case .probe: guard previous == next.preceding, previous > match else { return false }
    case .replicate: guard previous > match else { return false }
    }
    becomeProbe(next: max(match.following, min(previous, possibleMatch.following)))
    inflight.removeAll()
    inflightBytes = 0
    return true
  }

  /// What is on its way may be lost, or wait for a slow disk: the answer tells.
  mutating func probe() { becomeProbe(next: match.following) }

  private mutating func becomeProbe(next: LogIndex) {
    mode = .probe(retryAt: nil)
    self.next = next
    lossAt = nil
    fetch = nil
  }

  /// The whole of what a check of this value rests on.
  func check(lastIndex: LogIndex) {
    precondition(match < next, "\(peer): match \(match), next \(next)")
    precondition(match <= lastIndex, "\(peer): match \(match) in a log that ends at \(lastIndex)")
    precondition(next <= lastIndex.following, "\(peer): next \(next) in a log that ends at \(lastIndex)")
    precondition(inflight.isEmpty == (inflightBytes == 0), "\(peer): \(inflightBytes) bytes in \(inflight.count)")
  }
}
