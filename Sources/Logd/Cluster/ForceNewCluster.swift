package import CommitLog
package import Raft

/// An administrator's order to go on alone, when most voters of a cluster are lost for good: after etcd's --force-new-cluster.
///
/// It gives up what the lost ones had acknowledged and this node never got, so it says what was looked at before it was given: the
/// cluster, and the end of this node's log. A node whose cluster lives, or whose log went on since, refuses.
package struct ForceNewCluster: Sendable, Hashable {
  /// The cluster that is given up.
  package var abandoned: String
  /// The one that begins. Never the same: nodes of the old one that come back must be strangers.
  package var clusterID: String
  /// The last entry of this node's log, as the administrator saw it.
  package var lastIndex: LogIndex

  package init(abandoned: String, clusterID: String, lastIndex: LogIndex) {
    self.abandoned = abandoned
    self.clusterID = clusterID
    self.lastIndex = lastIndex
  }

  /// What the new cluster begins with.
  package struct Outcome: Sendable, Hashable {
    package var clusterID: String
    /// Up to here this node knew entries to be committed; those after it are kept too, whether they were or not.
    package var commitIndex: LogIndex
    /// What the old cluster may have committed after this is lost.
    package var lastIndex: LogIndex
  }

  package enum Refusal: Error, Sendable, Hashable {
    /// The node is in no cluster.
    case noCluster
    case wrongCluster(is: String)
    /// This node leads: its cluster lives.
    case leads
    case hasLeader(NodeID)
    /// A leader may still be heard: none was for less than an election time-out.
    case leaderExpected
    case logMoved(last: LogIndex)
    case noRoom
    /// Another order is being carried out.
    case inProgress
    /// The node stops.
    case stopping
    /// The old cluster is given up, unless the node stopped before that was on its disk; and the new one begins by itself once the
    /// disk takes its first entry.
    case unfinished(Outcome)
  }

  enum Step: Hashable {
    case begin(Outcome)
    /// It was done before: the answer was lost, most likely.
    case done(Outcome)
    case refused(Refusal)
  }

  /// - Parameter patience: for how long no leader must have been known.
  func step(_ status: NodeStatus, patience: Duration) -> Step {
    guard let present = status.clusterID, let configuration = status.configuration else { return .refused(.noCluster) }
    if present == clusterID {
      let isDone = configuration.clusterID == clusterID && status.raft.isConfigurationCommitted
      return isDone ? .done(outcome(commitIndex: lastIndex)) : .refused(.inProgress)
    }
    guard present == abandoned else { return .refused(.wrongCluster(is: present)) }
    guard status.raft.role.role != .leader else { return .refused(.leads) }
    if let leader = status.raft.role.leader { return .refused(.hasLeader(leader.id)) }
    guard let leaderless = status.leaderless, leaderless >= patience else { return .refused(.leaderExpected) }
    guard status.raft.lastIndex == lastIndex else { return .refused(.logMoved(last: status.raft.lastIndex)) }
    guard status.raft.hasRoom else { return .refused(.noRoom) }
    return .begin(outcome(commitIndex: status.raft.commitIndex))
  }

  private func outcome(commitIndex: LogIndex) -> Outcome {
    Outcome(clusterID: clusterID, commitIndex: commitIndex, lastIndex: lastIndex)
  }
}
