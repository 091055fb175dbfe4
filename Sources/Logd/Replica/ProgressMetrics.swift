import CommitLog
import CoreMetrics
import Raft

/// What changes too often to be counted with each change: looked at now and then. Confined to the replica's event loop.
struct ProgressMetrics {
  private let lastIndex = Gauge(label: "proglog_raft_last_index")
  private let flushedIndex = Gauge(label: "proglog_raft_flushed_index")
  private let commitIndex = Gauge(label: "proglog_raft_commit_index")
  private let appliedIndex = Gauge(label: "proglog_raft_applied_index")
  private let uncommittedBytes = Gauge(label: "proglog_raft_uncommitted_bytes")
  private let hasRoom = Gauge(label: "proglog_raft_has_room")
  private let voters = Gauge(label: "proglog_raft_voters")
  private let learners = Gauge(label: "proglog_raft_learners")
  /// Of a leader: by member.
  private var followers: [NodeID: Follower] = [:]

  private struct Follower {
    let lag: Gauge
    let inflightBytes: Gauge
    let isActive: Gauge

    init(_ id: NodeID) {
      let member = [("member", id.name)]
      lag = Gauge(label: "proglog_raft_follower_lag_entries", dimensions: member)
      inflightBytes = Gauge(label: "proglog_raft_follower_inflight_bytes", dimensions: member)
      isActive = Gauge(label: "proglog_raft_follower_active", dimensions: member)
    }

    func destroy() {
      for gauge in [lag, inflightBytes, isActive] { gauge.destroy() }
    }
  }

  /// - Parameter applied: the last entry that can be read here.
  mutating func record(_ status: Raft.Status, applied: UInt64) {
    lastIndex.record(status.lastIndex.rawValue)
    flushedIndex.record(status.flushedIndex.rawValue)
    commitIndex.record(status.commitIndex.rawValue)
    appliedIndex.record(applied)
    uncommittedBytes.record(status.uncommittedBytes)
    hasRoom.record(status.hasRoom ? 1 : 0)
    let members = status.configuration?.configuration.members ?? []
    voters.record(members.count { $0.role == .voter })
    learners.record(members.count { $0.role == .learner })
    record(status.followers, of: status.lastIndex.rawValue)
  }

  /// Who leads no more knows nothing of the others: their figures go.
  private mutating func record(_ present: [Raft.Status.Follower], of lastIndex: UInt64) {
    let names = Set(present.map(\.peer.id))
    for (id, gone) in followers where !names.contains(id) {
      gone.destroy()
      followers[id] = nil
    }
    for follower in present {
      let gauges = followers[follower.peer.id] ?? Follower(follower.peer.id)
      followers[follower.peer.id] = gauges
      gauges.lag.record(lastIndex - follower.match.rawValue)
      gauges.inflightBytes.record(follower.inflightBytes)
      gauges.isActive.record(follower.isActive ? 1 : 0)
    }
  }
}
