import CommitLog
import CoreMetrics
import NIOCore
import Raft

/// What the log and the consensus of a node count. Names are Prometheus'; see docs/operations.md.
package struct ReplicaMetrics: Sendable {
  let appendedRecords = Counter(label: "proglog_log_appended_records_total")
  let appendedBatches = Counter(label: "proglog_log_appended_batches_total")
  let appendedBytes = Counter(label: "proglog_log_appended_bytes_total")
  let rejected = Counter(label: "proglog_log_rejected_records_total")
  let duplicates = Counter(label: "proglog_log_duplicate_batches_total")
  let refusals = Counter(label: "proglog_log_refusals_total")
  let flushDuration = CoreMetrics.Timer(label: "proglog_log_flush_duration_seconds")
  let queuedBytes = Gauge(label: "proglog_log_queued_bytes")
  let endOffset = Gauge(label: "proglog_log_end_offset")
  let startOffset = Gauge(label: "proglog_log_start_offset")
  let tailCacheHits = Counter(label: "proglog_log_tail_cache_hits_total")
  let tailCacheMisses = Counter(label: "proglog_log_tail_cache_misses_total")

  let commitDuration = CoreMetrics.Timer(label: "proglog_raft_commit_duration_seconds")
  let elections = Counter(label: "proglog_raft_elections_total")
  let leaderChanges = Counter(label: "proglog_raft_leader_changes_total")
  let truncations = Counter(label: "proglog_raft_truncations_total")
  let snapshotsInstalled = Counter(label: "proglog_raft_snapshots_installed_total")
  let term = Gauge(label: "proglog_raft_term")
  let isLeader = Gauge(label: "proglog_raft_is_leader")
  let hasLeader = Gauge(label: "proglog_raft_has_leader")

  package init() {}

  func flushed(_ flush: DrainStatistics) {
    appendedBatches.increment(by: Int64(flush.batches))
    appendedBytes.increment(by: Int64(flush.bytes))
    flushDuration.recordNanoseconds(Int64((flush.writeDuration + flush.syncDuration).nanoseconds))
  }

  func extent(_ extent: LogExtent, queuedBytes: Int) {
    self.queuedBytes.record(queuedBytes)
    startOffset.record(extent.start.rawValue)
    endOffset.record(extent.end.rawValue)
  }

  /// One batch of records that this node proposed.
  func committed(_ records: Int, after time: TimeAmount) {
    appendedRecords.increment(by: Int64(records))
    commitDuration.recordNanoseconds(time.nanoseconds)
  }

  func role(_ summary: RoleSummary, isSelf: Bool) {
    term.record(summary.term.rawValue)
    isLeader.record(summary.role == .leader ? 1 : 0)
    hasLeader.record(summary.leader == nil ? 0 : 1)
    if summary.role == .candidate { elections.increment() }
    if summary.leader != nil { leaderChanges.increment() }
  }
}
