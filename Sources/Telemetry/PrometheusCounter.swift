import CoreMetrics
import Synchronization

/// A value that only grows. Negative and non-finite increments are dropped: Prometheus takes a counter that falls for a
/// restart of the process.
final class PrometheusCounter: PrometheusMetric, CounterHandler, FloatingPointCounterHandler {
  static let kind = MetricKind.counter

  let identity: MetricIdentity
  /// Whole increments are kept apart so that they stay exact beyond 2^53.
  private let whole = Atomic<UInt64>(0)
  private let fractional = Atomic<Double>(0)

  init(identity: MetricIdentity) {
    self.identity = identity
  }

  func increment(by amount: Int64) {
    guard amount > 0 else { return }
    self.whole.wrappingAdd(UInt64(amount), ordering: .relaxed)
  }

  func increment(by amount: Double) {
    guard amount > 0, amount.isFinite else { return }
    self.fractional.add(amount)
  }

  func reset() {
    self.whole.store(0, ordering: .relaxed)
    self.fractional.store(0, ordering: .relaxed)
  }

  func write(to output: inout String) {
    let whole = self.whole.load(ordering: .relaxed)
    let fractional = self.fractional.load(ordering: .relaxed)
    let value = fractional == 0 ? String(whole) : ExpositionNumber.rendered(Double(whole) + fractional)
    output.writeSample(self.identity.name, self.identity.labels, value)
  }
}
