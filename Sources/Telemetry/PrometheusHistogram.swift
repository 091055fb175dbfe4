import CoreMetrics
import Synchronization

/// How often values fell under each bound. Timers record seconds; values below 0 count as 0 and what is not a number is
/// dropped, so that the sum stays finite and never falls.
final class PrometheusHistogram: PrometheusMetric, RecorderHandler, TimerHandler {
  static let kind = MetricKind.histogram

  /// An atomic cannot live in an array, hence a cell for each bucket.
  private final class Bucket: Sendable {
    let count = Atomic<UInt64>(0)
  }

  let identity: MetricIdentity
  private let bounds: [Double]
  /// Values in (previous bound, bound]; the last is for those over every bound.
  private let buckets: [Bucket]
  private let sum = Atomic<Double>(0)

  init(identity: MetricIdentity, bounds: [Double]) {
    self.identity = identity
    self.bounds = bounds
    self.buckets = (0...bounds.count).map { _ in Bucket() }
  }

  func recordNanoseconds(_ duration: Int64) { self.record(Double(duration) / 1e9) }
  func record(_ value: Int64) { self.record(Double(value)) }

  func record(_ value: Double) {
    guard value.isFinite else { return }
    let value = max(value, 0)
    // A linear search: some sixteen comparisons of neighbours in memory, and most values fall low.
    var index = 0
    while index < self.bounds.count, value > self.bounds[index] {
      index += 1
    }
    self.buckets[index].count.wrappingAdd(1, ordering: .relaxed)
    self.sum.add(value)
  }

  func write(to output: inout String) {
    let name = self.identity.name
    let labels = self.identity.labels
    let prefix = labels.isEmpty ? "" : labels + ","
    // The count is the last bucket's and not an atomic of its own: a scrape never sees the two disagree.
    var count: UInt64 = 0
    for (index, bucket) in self.buckets.enumerated() {
      count &+= bucket.count.load(ordering: .relaxed)
      let bound = index < self.bounds.count ? ExpositionNumber.rendered(self.bounds[index]) : "+Inf"
      output.writeSample(name + "_bucket", "\(prefix)le=\"\(bound)\"", String(count))
    }
    output.writeSample(name + "_sum", labels, ExpositionNumber.rendered(self.sum.load(ordering: .relaxed)))
    output.writeSample(name + "_count", labels, String(count))
  }
}
