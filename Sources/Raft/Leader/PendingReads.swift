import CommitLog
import DequeModule

/// A read that waits until a quorum has confirmed that its leader still leads (thesis §6.4).
struct PendingRead: Hashable, Sendable {
  enum Asker: Hashable, Sendable {
    case shell(RequestID)
    case peer(Peer, UInt64)
  }

  var asker: Asker
  /// What was committed when it was begun.
  var index: LogIndex
}

/// Reads in the rounds of heartbeats that will confirm them.
struct PendingReads: Hashable, Sendable {
  /// In the order of the rounds.
  private var confirming: Deque<Group> = []
  /// Wait for the round that is under way, and share the next; or for the first entry of the term to be committed.
  private(set) var waiting: [PendingRead.Asker] = []
  private(set) var count = 0

  private struct Group: Hashable, Sendable {
    var round: UInt64
    var reads: [PendingRead]
  }

  var isConfirming: Bool { !confirming.isEmpty }

  var all: [PendingRead.Asker] { confirming.flatMap { $0.reads.map(\.asker) } + waiting }

  mutating func add(_ asker: PendingRead.Asker) {
    waiting.append(asker)
    count += 1
  }

  /// All that wait are confirmed by `round`, whose heartbeats are sent after this.
  mutating func begin(round: UInt64, index: LogIndex) {
    guard !waiting.isEmpty else { return }
    confirming.append(Group(round: round, reads: waiting.map { PendingRead(asker: $0, index: index) }))
    waiting = []
  }

  mutating func takeConfirmed(by round: UInt64) -> [PendingRead] {
    var confirmed: [PendingRead] = []
    while let first = confirming.first, first.round <= round {
      confirmed += first.reads
      confirming.removeFirst()
    }
    count -= confirmed.count
    return confirmed
  }
}
