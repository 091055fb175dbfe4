package import CoreMetrics

extension PrometheusRegistry: MetricsFactory {
  package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    self.counter(label, dimensions)
  }

  package func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    self.counter(label, dimensions)
  }

  package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    self.gauge(label, dimensions)
  }

  package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    guard aggregate else { return self.gauge(label, dimensions) }
    return self.histogram(label, dimensions, defaultBuckets: Self.defaultSizeBuckets)
  }

  package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    self.histogram(label, dimensions, defaultBuckets: Self.defaultLatencyBuckets)
  }

  package func destroyCounter(_ handler: any CounterHandler) { self.unregister(handler) }
  package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { self.unregister(handler) }
  package func destroyMeter(_ handler: any MeterHandler) { self.unregister(handler) }
  package func destroyRecorder(_ handler: any RecorderHandler) { self.unregister(handler) }
  package func destroyTimer(_ handler: any TimerHandler) { self.unregister(handler) }

  private func counter(_ label: String, _ dimensions: [(String, String)]) -> PrometheusCounter {
    self.register(label, dimensions) { identity, _ in PrometheusCounter(identity: identity) }
  }

  private func gauge(_ label: String, _ dimensions: [(String, String)]) -> PrometheusGauge {
    self.register(label, dimensions) { identity, _ in PrometheusGauge(identity: identity) }
  }

  private func histogram(
    _ label: String, _ dimensions: [(String, String)], defaultBuckets: [Double]
  ) -> PrometheusHistogram {
    self.register(label, dimensions, defaultBuckets: defaultBuckets) { identity, bounds in
      PrometheusHistogram(identity: identity, bounds: bounds)
    }
  }
}
