import CoreMetrics
import KubernetesClient
import Telemetry

/// The controller's metrics, by the names of controller-runtime, for which dashboards and alerts exist.
struct ControllerMetrics: Sendable {
  private let results: [Result: Counter]
  private let errors: Counter
  private let time: Timer
  private let activeWorkers: Meter
  private let queueDepth: Gauge
  private let queueAdds: Counter
  private let queueRetries: Counter

  enum Result: String, CaseIterable {
    case success
    case error
    case requeue
    case requeueAfter = "requeue_after"
  }

  static let descriptions: [PrometheusRegistry.Description] = [
    .init("controller_runtime_reconcile_total", "Total number of reconciliations per controller."),
    .init("controller_runtime_reconcile_errors_total", "Total number of reconciliation errors per controller."),
    .init("controller_runtime_reconcile_time_seconds", "Length of time per reconciliation per controller."),
    .init("controller_runtime_active_workers", "Number of currently used workers per controller."),
    .init("controller_runtime_max_concurrent_reconciles", "Maximum number of concurrent reconciles per controller."),
    .init("workqueue_depth", "Current depth of the work queue."),
    .init("workqueue_adds_total", "Total number of adds handled by the work queue."),
    .init("workqueue_retries_total", "Total number of retries handled by the work queue."),
    .init(Informer.listsMetric, "Whole lists that the caches were filled from, by resource and by reason."),
  ]

  init(controller: String, workers: Int, factory: any MetricsFactory) {
    let labels = [("controller", controller)]
    let queue = [("name", controller), ("controller", controller)]
    results = Dictionary(
      uniqueKeysWithValues: Result.allCases.map {
        let labels = labels + [("result", $0.rawValue)]
        return ($0, Counter(label: "controller_runtime_reconcile_total", dimensions: labels, factory: factory))
      })
    errors = Counter(label: "controller_runtime_reconcile_errors_total", dimensions: labels, factory: factory)
    time = Timer(label: "controller_runtime_reconcile_time_seconds", dimensions: labels, factory: factory)
    activeWorkers = Meter(label: "controller_runtime_active_workers", dimensions: labels, factory: factory)
    activeWorkers.set(0)
    queueDepth = Gauge(label: "workqueue_depth", dimensions: queue, factory: factory)
    queueAdds = Counter(label: "workqueue_adds_total", dimensions: queue, factory: factory)
    queueRetries = Counter(label: "workqueue_retries_total", dimensions: queue, factory: factory)
    Meter(label: "controller_runtime_max_concurrent_reconciles", dimensions: labels, factory: factory).set(workers)
  }

  func added(_ queue: WorkQueue<ObjectKey>) {
    queueAdds.increment()
    queueDepth.record(queue.depth)
  }

  func started(_ queue: WorkQueue<ObjectKey>) {
    queueDepth.record(queue.depth)
    activeWorkers.increment(by: 1)
  }

  func finished(_ result: Result, took duration: Duration) {
    results[result]?.increment()
    if result == .error {
      errors.increment()
      queueRetries.increment()
    }
    time.recordNanoseconds(Int64(duration / .nanoseconds(1)))
    activeWorkers.decrement(by: 1)
  }
}
