package import CommitLog

/// What nodes tell each other. Each is fenced by its term and may be lost, doubled, delayed or reordered.
package enum Message: Hashable, Sendable {
  case voteRequest(VoteRequest)
  case voteResponse(VoteResponse)
  case appendRequest(AppendRequest)
  case appendResponse(AppendResponse)
  case heartbeat(Heartbeat)
  case heartbeatResponse(HeartbeatResponse)
  case snapshot(InstallSnapshot)
  case timeoutNow(TimeoutNow)
  case readIndexRequest(ReadIndexRequest)
  case readIndexResponse(ReadIndexResponse)

  package var term: Term {
    switch self {
    case .voteRequest(let message): message.term
    case .voteResponse(let message): message.term
    case .appendRequest(let message): message.term
    case .appendResponse(let message): message.term
    case .heartbeat(let message): message.term
    case .heartbeatResponse(let message): message.term
    case .snapshot(let message): message.term
    case .timeoutNow(let message): message.term
    case .readIndexRequest(let message): message.term
    case .readIndexResponse(let message): message.term
    }
  }
}

/// The place of an entry: index and term name it among all logs of a cluster (paper §5.3, Log Matching).
package struct EntryID: Hashable, Sendable, CustomStringConvertible {
  package var index: LogIndex
  package var term: Term

  package init(index: LogIndex, term: Term) {
    self.index = index
    self.term = term
  }

  /// Before the first entry of all logs.
  static let none = EntryID(index: LogIndex(0), term: Term(0))

  package var description: String { "\(index)@\(term)" }

  /// Whether a log that ends here may be voted for by one that ends at `other` (paper §5.4.1).
  func isUpToDate(with other: EntryID) -> Bool {
    (term, index) >= (other.term, other.index)
  }
}

/// RequestVote (paper §5.2), and its trial run (thesis §9.6).
package struct VoteRequest: Hashable, Sendable {
  package var term: Term
  package var last: EntryID
  /// Asks whether the vote would be given. `term` is one more than the sender's, who has not gone there yet.
  package var isPreVote: Bool
  /// The leader asked for this election: not disruption (thesis §4.2.3).
  package var isTransfer: Bool
}

package struct VoteResponse: Hashable, Sendable {
  /// Of the request when granted, else the answerer's own.
  package var term: Term
  package var isPreVote: Bool
  package var isGranted: Bool
}

/// AppendEntries with entries, or the question whether `previous` matches (paper §5.3).
package struct AppendRequest: Hashable, Sendable {
  package var term: Term
  package var previous: EntryID
  package var commitIndex: LogIndex
  package var batches: [RecordBatch]

  /// The entry behind which the receiver's log is the sender's when it accepts.
  var last: EntryID {
    batches.last.map { EntryID(index: $0.index, term: $0.term) } ?? previous
  }
}

package struct AppendResponse: Hashable, Sendable {
  package enum Result: Hashable, Sendable {
    /// Up to `matched` the log is the leader's, and up to `flushed`, which is no more, on this node's disk. Cumulative.
    case accepted(matched: LogIndex, flushed: FlushedIndex)
    /// The log has no such entry. It may match at the hint, and does not between.
    case rejected(previous: LogIndex, hint: EntryID)
    /// The term is over: the sender shall learn the new one.
    case staleTerm
  }

  package var term: Term
  package var result: Result
}

/// Keeps followers; never waits for data or disk. Also a round of ReadIndex (thesis §6.4) and of check-quorum (§6.2).
package struct Heartbeat: Hashable, Sendable {
  package var term: Term
  /// Never more than the receiver is known to hold.
  package var commitIndex: LogIndex
  package var round: UInt64
}

package struct HeartbeatResponse: Hashable, Sendable {
  package var term: Term
  package var round: UInt64
}

package struct InstallSnapshot: Hashable, Sendable {
  package var term: Term
  package var snapshot: Snapshot
}

/// Begin an election at once (thesis §3.10).
package struct TimeoutNow: Hashable, Sendable {
  package var term: Term
}

/// A follower asks up to where a read must wait to be linearizable.
package struct ReadIndexRequest: Hashable, Sendable {
  package var term: Term
  /// The asker's own, never used twice in its life (etcd#20418).
  package var id: UInt64
}

package struct ReadIndexResponse: Hashable, Sendable {
  package var term: Term
  package var id: UInt64
  /// nil: not the leader, or not yet able to tell.
  package var index: LogIndex?
}
