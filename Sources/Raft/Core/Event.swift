package import CommitLog

/// Names a proposal, a change or a read of the shell's, in its answer.
package struct RequestID: Hashable, Sendable {
  package let number: UInt64

  package init(_ number: UInt64) {
    self.number = number
  }
}

/// Names a read from the log that the shell was asked for.
package struct FetchID: Hashable, Sendable {
  package let number: UInt64
}

/// What happens to a node.
package enum Event: Sendable {
  /// ``RaftCore/deadline`` has come.
  case timer
  case received(Message, from: Peer)
  /// What was sent to it may not have arrived.
  case disconnected(Peer)

  /// Append these batches, not yet stamped, one after the other.
  case propose([RecordBatch], RequestID)
  case change(MembershipChange, RequestID)
  /// nil: to whoever is the most caught up.
  case transferLeadership(to: NodeID?, RequestID)
  /// Up to where must a read wait to be linearizable?
  case read(RequestID)
  /// Begin a cluster of this node alone.
  case bootstrap(clusterID: String, address: String, RequestID)
  /// Begin another cluster of this node alone, with all that its log has. The shell must have made sure that nobody of the old
  /// cluster can speak with it, ever: a core does not know of whom its messages come.
  case forceNewCluster(clusterID: String, address: String, RequestID)

  /// That write and all before it are on disk.
  case written(WriteID)
  /// The log takes nothing at the moment, most likely for want of space; it ends here, and no write that was asked for
  /// will be carried out.
  case refused(end: LogEnd)
  /// The log may have room again.
  case roomReturned
  /// Batches that were asked for, in order from the asked index on; none when they could not be read now.
  case fetched(FetchID, [RecordBatch])
  case snapshotFetched(FetchID, Snapshot?)
  /// The log was cut from the front and starts here.
  case startMoved(LogEnd)
}
