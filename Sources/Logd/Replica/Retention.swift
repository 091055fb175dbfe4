import CommitLog
import CoreMetrics
import Logging
import NIOCore

/// Looks at the log's segments now and then, removes those that the policy does not keep, and counts them.
///
/// The policy decides, this reads the clock. Confined to the replica's event loop.
final class Retention: Sendable {
  private let replica: Replica
  private let policy: RetentionPolicy
  private let interval: TimeAmount
  private let logger: Logger
  /// What was there the last time.
  private let seen: NIOLoopBoundBox<Seen>

  private struct Seen {
    var segments: [SegmentSummary] = []
    var rebuiltIndexes = 0
  }

  private let bytes = Gauge(label: "proglog_log_bytes")
  private let segmentCount = Gauge(label: "proglog_log_segments")
  private let removedBytes = Counter(label: "proglog_log_removed_bytes_total")
  private let rebuiltIndexes = Counter(label: "proglog_log_rebuilt_indexes_total")

  init(replica: Replica, policy: RetentionPolicy, interval: TimeAmount, logger: Logger) {
    self.replica = replica
    self.policy = policy
    self.interval = interval
    self.logger = logger
    seen = .makeBoxSendingValue(Seen(), eventLoop: replica.eventLoop)
  }

  /// Call on the replica's event loop.
  func start() -> RepeatedTask {
    replica.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: interval) { _ in self.look() }
  }

  private func look() {
    // A log that is closed or has failed keeps what it has.
    guard let segments = try? replica.segments, let first = segments.first else { return }
    count(segments, from: first.start)
    // Whoever leads decides for all.
    guard replica.decidesRetention else { return }
    let start = policy.start(of: segments, now: .now)
    if start > first.start.nextOffset { replica.retain(from: start) }
  }

  private func count(_ segments: [SegmentSummary], from start: LogEnd) {
    let removed = seen.value.segments.filter { $0.start.nextIndex < start.nextIndex }
    if !removed.isEmpty {
      let bytes = removed.reduce(0) { $0 + $1.bytes }
      removedBytes.increment(by: Int64(bytes))
      logger.info(
        "retention removed segments",
        metadata: ["segments": "\(removed.count)", "bytes": "\(bytes)", "start_offset": "\(start.nextOffset)"])
    }
    let rebuilt = replica.rebuiltIndexes
    rebuiltIndexes.increment(by: Int64(rebuilt - seen.value.rebuiltIndexes))
    seen.value = Seen(segments: segments, rebuiltIndexes: rebuilt)
    bytes.record(segments.reduce(0) { $0 + $1.bytes })
    segmentCount.record(segments.count)
  }
}
