import CommitLog

/// Bugs that other implementations had, to show that the tests and the simulation find them.
///
/// Only builds with the condition PLANTED_BUGS can switch one on, by `Settings.plantedBugs`; release builds lack it.
package enum PlantedBug: String, CaseIterable, Sendable {
  /// A membership change before the leader committed an entry of its own term (Ongaro 2015).
  case changeBeforeFirstCommit
  /// Entries of an earlier term are committed by counting (paper §5.4.2; nats-server#7955).
  case earlierTermCommittedByCounting
  /// The vote of the term before stays when a term is raised (nats-server#7956).
  case staleVoteInRaisedTerm
  /// Stepping down forgets the vote of the term (nats-server#7698).
  case voteForgottenOnStepDown
  /// A vote is answered before it is on the disk (openraft ee460f37).
  case voteAnsweredBeforeDurable
  /// Entries are acknowledged before they are on the disk (openraft ee460f37).
  case acknowledgedBeforeFlush
  /// An append that ends before the log does cuts off the rest (nats-server#7424).
  case staleAppendTruncates
  /// A completion of before a truncation counts for what was written in its place (openraft cecb5de8).
  case staleCompletionCounts
  /// What learners and removed voters have counts for the commit index (nats-server#7589).
  case nonVoterCounts
  /// A membership change while one is in flight (nats-server#7565).
  case concurrentChanges
  /// A configuration that is cut off stays in force (nats-server#8332).
  case configurationNotReverted
  /// A snapshot replaces a log that goes on behind it (nats-server#8321).
  case snapshotReplacesNewerLog
  /// A follower that needs what was cut from the front gets nothing (openraft afd6508b).
  case snapshotNeverSent
  /// A leader answers reads before it committed an entry of its own term (etcd#7331).
  case readBeforeFirstCommit
  /// Each life of a node numbers its forwarded reads from one (etcd#20418).
  case readIDsReused
  /// A leader counts itself before its own sync (etcd#14370).
  case leaderCountsUnflushed
  /// A late pre-vote counts as a vote.
  case stalePreVoteCounts
  /// Proposals are taken while leadership is handed over (hashicorp/raft#581).
  case transferAcceptsProposals
  /// A node that does not know yet that it is a voter refuses its vote (thesis §4.2.1).
  case learnerRefusesVote
  /// Entries are taken behind an entry of another term (logcabin#160).
  case previousTermNotChecked
  /// After a failed write, votes are answered before they are on the disk (nats-server#8290).
  case voteAfterWriteError
  /// A leader that nobody answers leads on (thesis §6.2).
  case noCheckQuorum
}

extension Settings {
  @inline(__always)
  func has(_ bug: PlantedBug) -> Bool {
    #if PLANTED_BUGS
    plantedBugs.contains(bug)
    #else
    false
    #endif
  }
}

extension RaftCore {
  @inline(__always)
  func has(_ bug: PlantedBug) -> Bool { settings.has(bug) }

  /// What ``PlantedBug/staleAppendTruncates`` does.
  mutating func plantTruncation(after last: RecordBatch?) {
    guard let last, last.index >= committedHere, last.index < log.lastIndex else { return }
    truncate(from: last.index.following, nextOffset: last.nextOffset)
    following.matched = last.index
  }

  /// What ``PlantedBug/previousTermNotChecked`` takes: all that does not stop the log at once.
  func plantedContinues(_ batches: ArraySlice<RecordBatch>) -> Bool {
    guard has(.previousTermNotChecked), let first = batches.first else { return false }
    return first.index == log.end.nextIndex && first.baseOffset == log.end.nextOffset && first.term >= log.end.lastTerm
  }
}
