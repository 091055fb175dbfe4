package import CommitLog

/// What a shell does for a core, in order. Writes go to the disk one after the other; ``Event/written(_:)`` follows each.
package enum Action: Sendable {
  case append([RecordBatch], WriteID)
  case truncate(from: LogIndex, WriteID)
  /// Replace the whole log by an empty one that starts there; all of it or nothing after a crash.
  case reset(Snapshot, WriteID)
  case save(HardState, WriteID)

  case send(Message, to: Peer)
  /// Read batches for a follower from the log, from memory if they are there.
  case fetch(FetchID, from: LogIndex, maximumBytes: Int)
  /// Read what a log that starts where this one does is made from.
  case fetchSnapshot(FetchID)

  /// Everything up to there is committed; readable once it is on this disk too.
  case commit(LogIndex)
  /// The batches of that proposal have these places: the first one's. They are not committed yet.
  case accepted(RequestID, index: LogIndex, baseOffset: Offset, term: Term)
  case refusedProposal(RequestID, ProposalRefusal)
  /// A change was begun or refused, a transfer succeeded or failed, a cluster was begun or not.
  case changed(RequestID, Result<Void, ChangeRefusal>)
  /// A read that waits until that index can be read is linearizable.
  case readIndex(RequestID, Result<LogIndex, ReadRefusal>)

  /// Role, term or leader are others now. Proposals of before that are not committed have an unknown fate.
  case roleChanged(RoleSummary)
  /// nil: this node knows of no cluster any more, for the entry that told it was cut off.
  case configurationChanged(ConfigurationHistory.Entry?, isCommitted: Bool)
  /// Find out whether the log has room again, and say so by ``Event/roomReturned``.
  case probeStorage
}

/// Who leads.
package struct RoleSummary: Hashable, Sendable {
  package enum Role: String, Hashable, Sendable {
    case follower, preCandidate, candidate, leader
  }

  package var role: Role
  package var term: Term
  package var leader: Peer?
}

/// Why nothing was appended.
package enum ProposalRefusal: Error, Hashable, Sendable {
  case notLeader(hint: Peer?)
  /// Leadership is being handed over.
  case transferring(to: Peer)
  /// More is proposed, and not committed or not on this disk, than this node may hold.
  case overloaded(uncommittedBytes: Int)
}

/// Why a member, the leader or the cluster stays as it is.
package enum ChangeRefusal: Error, Hashable, Sendable {
  case notLeader(hint: Peer?)
  /// A change before is not committed yet, or the leader has committed nothing in its term (Ongaro 2015).
  case changeInProgress
  case transferring(to: Peer)
  case unknownMember(NodeID)
  case alreadyMember(Member)
  case tooManyMembers
  case notLearner(NodeID)
  case notVoter(NodeID)
  /// So many entries are missing still.
  case notCaughtUp(NodeID, missing: UInt64)
  /// Fewer than a quorum of the voters would answer at the moment.
  case noQuorum(active: Int, needed: Int)
  case lastVoter
  /// The target did not take over in time.
  case transferTimedOut
  case alreadyBootstrapped
  case lostLeadership
}

package enum ReadRefusal: Error, Hashable, Sendable {
  case notLeader(hint: Peer?)
  case overloaded
}
