import CommitLog
import CoreMetrics

/// What the log of a node counts. Names are Prometheus'; see docs/operations.md.
package struct ReplicaMetrics: Sendable {
  let appendedRecords = Counter(label: "proglog_log_appended_records_total")
  let appendedBatches = Counter(label: "proglog_log_appended_batches_total")
  let appendedBytes = Counter(label: "proglog_log_appended_bytes_total")
  let rejected = Counter(label: "proglog_log_rejected_records_total")
  let flushDuration = CoreMetrics.Timer(label: "proglog_log_flush_duration_seconds")
  let queuedBytes = Gauge(label: "proglog_log_queued_bytes")
  let endOffset = Gauge(label: "proglog_log_end_offset")
  let startOffset = Gauge(label: "proglog_log_start_offset")
  let tailCacheHits = Counter(label: "proglog_log_tail_cache_hits_total")
  let tailCacheMisses = Counter(label: "proglog_log_tail_cache_misses_total")

  package init() {}

  func flushed(_ flush: DrainStatistics, records: Int, queuedBytes: Int, extent: LogExtent) {
    appendedRecords.increment(by: Int64(records))
    appendedBatches.increment(by: Int64(flush.batches))
    appendedBytes.increment(by: Int64(flush.bytes))
    flushDuration.recordNanoseconds(Int64((flush.writeDuration + flush.syncDuration) / .nanoseconds(1)))
    self.queuedBytes.record(queuedBytes)
    startOffset.record(extent.start.rawValue)
    endOffset.record(extent.end.rawValue)
  }
}
