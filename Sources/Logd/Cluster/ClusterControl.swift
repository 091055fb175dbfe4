package import NIOCore
package import Raft

/// What administration needs of a node. Call everything on `eventLoop`; completions run there, once.
package protocol ClusterControl: AnyObject, Sendable {
  var eventLoop: any EventLoop { get }

  var nodeStatus: NodeStatus { get }

  /// Begins a change of one member. It has succeeded when it is committed; an administrator who does not wait so long changes nothing
  /// about that.
  func change(_ change: MembershipChange, completion: @escaping (Result<Void, ChangeRefusal>) -> Void)

  /// Hands leadership over.
  ///
  /// - Parameter target: nil: whoever is the most caught up.
  func transferLeadership(to target: NodeID?, completion: @escaping (Result<Void, ChangeRefusal>) -> Void)

  /// Begins a cluster of this node alone.
  func bootstrap(clusterID: String, completion: @escaping (Result<Void, ChangeRefusal>) -> Void)

  /// Begins another cluster of this node alone, with its log. It has succeeded when the cluster's first entry is committed.
  func forceNewCluster(
    _ order: ForceNewCluster,
    completion: @escaping (Result<ForceNewCluster.Outcome, ForceNewCluster.Refusal>) -> Void)
}

/// What a node knows of itself and of its cluster.
package struct NodeStatus: Sendable {
  package var peer: Peer
  /// host:port where members and clients reach this node.
  package var address: String
  /// nil: it is in no cluster yet.
  package var clusterID: String?
  package var raft: Raft.Status
  package var extent: LogExtent
  /// For how long no leader has been known; nil: one is, or this node leads.
  package var leaderless: Duration?

  package init(
    peer: Peer, address: String, clusterID: String?, raft: Raft.Status, extent: LogExtent, leaderless: Duration? = nil
  ) {
    self.peer = peer
    self.address = address
    self.clusterID = clusterID
    self.raft = raft
    self.extent = extent
    self.leaderless = leaderless
  }

  package var configuration: Raft.Configuration? { raft.configuration?.configuration }
  /// The leader as a member, if both are known.
  package var leader: Member? { raft.role.leader.flatMap { configuration?[$0] } }
}
