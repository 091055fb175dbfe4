import CommitLog
import DequeModule

/// A change of members that waits for its entry to be committed.
struct PendingChange: Hashable, Sendable {
  var request: RequestID
  var index: LogIndex
}

/// What a leader has besides what every node has.
struct Leadership: Sendable {
  /// Of its own term: with it, what came before is committed, too.
  let firstIndex: LogIndex
  /// In no order that matters; learners too, and those that a change in flight removes.
  var followers: [Progress] = []
  /// Of heartbeats. Each read that is begun begins a new one.
  var round: UInt64 = 0
  var heartbeatAt: Instant
  var quorumCheckAt: Instant
  /// When a follower that lacks the commit index is told; nil: all have it or will have it with what is on its way.
  var commitNoticeAt: Instant?
  var reads = PendingReads()
  var change: PendingChange?
  /// Its own entries that are not committed, for their bound in bytes.
  private var uncommitted: Deque<(index: LogIndex, bytes: Int)> = []
  private(set) var uncommittedBytes = 0

  init(firstIndex: LogIndex, at now: Instant, settings: Settings) {
    self.firstIndex = firstIndex
    heartbeatAt = now
    quorumCheckAt = now + settings.electionTimeout
  }

  var deadline: Instant {
    let deadline = min(heartbeatAt, quorumCheckAt)
    return commitNoticeAt.map { min(deadline, $0) } ?? deadline
  }

  func position(of peer: Peer) -> Int? { followers.firstIndex { $0.peer == peer } }

  mutating func proposed(_ batches: [RecordBatch]) {
    for batch in batches {
      uncommitted.append((batch.index, batch.byteCount))
      uncommittedBytes += batch.byteCount
    }
  }

  mutating func committed(through index: LogIndex) {
    while let first = uncommitted.first, first.index <= index {
      uncommitted.removeFirst()
      uncommittedBytes -= first.bytes
    }
  }
}
