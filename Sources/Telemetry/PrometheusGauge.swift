import CoreMetrics
import Synchronization

/// The last value set: a swift-metrics `Meter`, or a `Gauge`, which is a recorder that does not aggregate.
final class PrometheusGauge: PrometheusMetric, MeterHandler, RecorderHandler {
  static let kind = MetricKind.gauge

  let identity: MetricIdentity
  private let value = Atomic<Double>(0)

  init(identity: MetricIdentity) {
    self.identity = identity
  }

  func set(_ value: Int64) { self.set(Double(value)) }
  func set(_ value: Double) { self.value.store(value, ordering: .relaxed) }
  func increment(by amount: Double) { self.value.add(amount) }
  func decrement(by amount: Double) { self.value.add(-amount) }
  func record(_ value: Int64) { self.set(Double(value)) }
  func record(_ value: Double) { self.set(value) }

  func write(to output: inout String) {
    let value = ExpositionNumber.rendered(self.value.load(ordering: .relaxed))
    output.writeSample(self.identity.name, self.identity.labels, value)
  }
}
