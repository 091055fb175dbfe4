import CommitLog
import NIOCore
import Raft

/// What the leader decides on the oldest segments goes through the log, so that all replicas start at the same offset.
extension Replica {
  /// The log's segments as they are now, the oldest first.
  var segments: [SegmentSummary] {
    get throws(LogError) { try log.segments }
  }

  /// Indexes that were made anew since the log was opened.
  var rebuiltIndexes: Int { log.rebuiltIndexes }

  /// Whether this node is the one to say what retention removes. On `eventLoop`.
  var decidesRetention: Bool { state.isLeader && state.isAccepting }

  /// Proposes that records before `offset` are kept no longer. When it is not committed the next look proposes it again.
  func retain(from offset: Offset) {
    guard decidesRetention, offset > state.ledger.start else { return }
    proposeTurn()
    step(.propose([.retention(from: offset, timestamp: .now)], state.makeRequest()))
  }
}
