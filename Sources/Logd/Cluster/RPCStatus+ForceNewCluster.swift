import ProgLogAPI
import RPCServer
import Raft

extension RPCStatus {
  init(_ refusal: ForceNewCluster.Refusal, _ order: ForceNewCluster) {
    self =
      switch refusal {
      case .noCluster:
        .admin(
          .failedPrecondition, .noCluster,
          "this node is in no cluster, and has nothing to go on with; ask a node that has the records")
      case .wrongCluster(let present):
        .admin(
          .failedPrecondition, .wrongCluster,
          "this node is in cluster \(present) and not in \(order.abandoned); give the id that its status shows, if that "
            + "is the one to be given up",
          [AdminMetadata.clusterID: present])
      case .leads:
        .admin(.failedPrecondition, .hasLeader, "this node leads its cluster, which lives; change its members instead")
      case .hasLeader(let leader):
        .admin(
          .failedPrecondition, .hasLeader,
          "this node hears a leader, \(leader): the cluster lives; change its members there instead",
          [AdminMetadata.leaderID: leader.name])
      case .leaderExpected:
        .admin(
          .unavailable, .hasLeader,
          "this node has known no leader for less than an election time-out, and may hear one yet; try again in a moment"
        )
      case .logMoved(let last):
        .admin(
          .failedPrecondition, .logMoved,
          "this node's log ends at index \(last) and not at \(order.lastIndex): something came since you looked; look "
            + "again, and compare it with the other nodes that are left",
          [AdminMetadata.lastIndex: "\(last)"])
      case .noRoom:
        .admin(
          .resourceExhausted, .noSpace,
          "the disk takes nothing at the moment, and all is as it was; make room, and try again")
      case .inProgress:
        .admin(
          .unavailable, .changeInProgress,
          "this node is beginning cluster \(order.clusterID) already; look at its status in a moment")
      case .stopping:
        .admin(.unavailable, .changeInProgress, "this node is starting or stopping, and all is as it was; try again")
      case .unfinished(let outcome):
        .admin(
          .aborted, .lostLeadership,
          "cluster \(order.abandoned) may be given up, and then \(outcome.clusterID) begins by itself as soon as the node runs "
            + "and its disk takes an entry; look at the node's status, and whether there is room")
      }
  }
}
