import CommitLog

/// What a client asks of a node.
struct ClientRequest {
  enum Kind {
    case produce(RecordBatch)
    /// Up to where must a linearizable read wait?
    case read
    case consume(from: UInt64)
  }

  var client: Int
  /// Of the client's: the same for each try of one batch.
  var serial: UInt64
  var kind: Kind
}

/// What it is told.
struct ClientReply {
  enum Outcome {
    case acknowledged(offset: UInt64)
    /// With the slot of the one that leads.
    case notLeader(hint: Int?)
    /// Not now: full, handing over, out of order, or the leader is gone and nobody knows.
    case tryLater
    /// The producer has a newer epoch, or the batch is too old to be known.
    case tooOld
    case read
    case consumed(next: UInt64)
    case outOfRange(start: UInt64)
  }

  var client: Int
  var serial: UInt64
  var outcome: Outcome
}
