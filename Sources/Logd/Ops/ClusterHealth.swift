import Synchronization

/// Whether a node can do its part in its cluster, as its readiness probe tells it. Never a reason to restart it.
package final class ClusterHealth: Sendable {
  package enum Standing: Sendable, Equatable {
    case inNoCluster
    /// It was removed, or does not know yet that it was added.
    case notMember
    case noLeader
    case ready
  }

  private let standing = Mutex(Standing.inNoCluster)

  package init() {}

  package func report(_ new: Standing) { standing.withLock { $0 = new } }

  package var current: Standing { standing.withLock { $0 } }

  package var readiness: ProbeAnswer {
    switch current {
    case .inNoCluster:
      .failing("the node is in no cluster: begin one with --bootstrap, or name a member with --start-join-addrs")
    case .notMember: .failing("the node is no member of its cluster: add it with 'logctl cluster add'")
    case .noLeader: .failing("the node knows of no leader: fewer than a quorum may be reachable")
    case .ready: .passing
    }
  }
}
