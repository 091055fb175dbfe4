package import CommitLog

/// What a node knows of its cluster, for administrators and metrics.
package struct Status: Hashable, Sendable {
  package struct Follower: Hashable, Sendable {
    package var peer: Peer
    package var match: LogIndex
    package var next: LogIndex
    package var inflightBytes: Int
    package var isActive: Bool
    package var isReplicating: Bool
  }

  package var role: RoleSummary
  package var lastIndex: LogIndex
  /// Of the last entry. Of two logs of one cluster, the one with the later last term, or else with the later last index, has what the
  /// other has committed (paper §5.4.1).
  package var lastTerm: Term
  package var flushedIndex: LogIndex
  package var commitIndex: LogIndex
  package var startIndex: LogIndex
  package var configuration: ConfigurationHistory.Entry?
  package var isConfigurationCommitted: Bool
  package var hasCommittedInTerm: Bool
  package var uncommittedBytes: Int
  package var transferTarget: Peer?
  package var hasRoom: Bool
  /// Of a leader only.
  package var followers: [Follower]
}

extension RaftCore {
  /// Up to here the log is on this disk.
  package var flushedIndex: LogIndex { durability.flushed.index }

  package var status: Status {
    Status(
      role: RoleSummary(role: role, term: term, leader: leader), lastIndex: log.lastIndex,
      lastTerm: log.last.term, flushedIndex: durability.flushed.index, commitIndex: commitIndex,
      startIndex: log.start.nextIndex,
      configuration: configurations.newest,
      isConfigurationCommitted: configurations.newest.map { $0.index <= commitIndex } ?? false,
      hasCommittedInTerm: hasCommittedInTerm, uncommittedBytes: leadership?.uncommittedBytes ?? 0,
      transferTarget: transfer?.target, hasRoom: room == .available,
      followers: leadership?.followers.map { follower in
        Status.Follower(
          peer: follower.peer, match: follower.match, next: follower.next, inflightBytes: follower.inflightBytes,
          isActive: isActive(follower.peer), isReplicating: follower.mode == .replicate)
      } ?? [])
  }
}
