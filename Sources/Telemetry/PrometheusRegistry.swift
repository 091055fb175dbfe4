import Synchronization

/// Every metric of the process, exposed in Prometheus' text format 0.0.4.
///
/// Install it once with `MetricsSystem.bootstrap(registry)`. Making a metric takes a lock; recording into one costs an
/// atomic addition (histograms: two) and allocates nothing, so make metrics once and keep them.
///
/// Counters keep the name that they are given: write `_total` and the unit (`_seconds`, `_bytes`) into it.
package final class PrometheusRegistry: Sendable {
  /// Bounds on what a mistake in a label, such as a request's path, can cost.
  package struct Limits: Sendable {
    /// Metric names; each is a few hundred bytes.
    package var families = 1_000
    /// Label combinations of one name; Prometheus' own advice is to stay under some hundreds.
    package var seriesPerFamily = 500
    /// UTF-8 bytes of one label value; the rest is cut.
    package var labelValueBytes = 256

    package static let defaults = Limits()
  }

  /// What a name is for, and the buckets of its histogram.
  package struct Description: Sendable {
    package let name: String
    package let help: String
    package let buckets: [Double]?

    /// - Parameter buckets: upper bounds, ascending, without `+Inf`; seconds for a timer. `nil` takes the defaults.
    package init(_ name: String, _ help: String, buckets: [Double]? = nil) {
      self.name = name
      self.help = help
      self.buckets = buckets
    }
  }

  /// The counter of metrics that could not be registered; they record into the void.
  package static let refusedMetric = "telemetry_series_refused_total"

  /// 100 µs to 10 s: from a call served from memory to one that has surely timed out.
  package static let defaultLatencyBuckets: [Double] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  ]

  /// Powers of four up to 64 Mi: sizes in bytes and numbers of records alike.
  package static let defaultSizeBuckets: [Double] = (0...13).map { Double(1 << (2 * $0)) }

  enum RefusalReason: String {
    case tooManySeries = "too_many_series"
    case tooManyNames = "too_many_names"
    case nameInUse = "name_in_use"
  }

  struct State {
    var descriptions: [String: Description] = [:]
    var families: [String: MetricFamily] = [:]
    var refusals: [String: UInt64] = [:]
    var collectors: [@Sendable (inout ScrapeSamples) -> Void] = []
  }

  let limits: Limits
  let state: Mutex<State>

  package init(_ descriptions: [Description] = [], limits: Limits = .defaults) {
    self.limits = limits
    self.state = Mutex(State())
    self.describe(Description(Self.refusedMetric, "Metrics that could not be registered and record nothing."))
    for description in descriptions {
      self.describe(description)
    }
  }

  /// Adds or replaces the help and buckets of a name. Buckets count for families that do not exist yet.
  package func describe(_ description: Description) {
    let buckets = description.buckets ?? []
    precondition(
      zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 } && buckets.allSatisfy(\.isFinite),
      "the buckets of \(description.name) must be finite and ascending: \(buckets)")
    self.state.withLock { $0.descriptions[MetricName.sanitized(description.name)] = description }
  }

  /// Evaluates `collect` at every scrape, for values that are cheaper to read than to track.
  ///
  /// It runs on the scraping thread and outside the registry's lock: it may set metrics, or write samples directly.
  package func onScrape(_ collect: @escaping @Sendable (inout ScrapeSamples) -> Void) {
    self.state.withLock { $0.collectors.append(collect) }
  }

  /// The metric of that name and those labels: the registered one, or `make`'s result, which becomes it.
  ///
  /// When a bound or another kind of metric stands in the way, the result is a metric that nobody reads, and
  /// ``refusedMetric`` counts it: a metric must never bring down what it measures.
  func register<Metric: PrometheusMetric>(
    _ name: String, _ dimensions: [(String, String)], defaultBuckets: [Double] = [],
    make: (MetricIdentity, [Double]) -> Metric
  ) -> Metric {
    let name = MetricName.sanitized(name)
    let labels = MetricLabels.rendered(dimensions, valueLimit: self.limits.labelValueBytes)
    let identity = MetricIdentity(name: name, labels: labels)
    return self.state.withLock { state in
      var family: MetricFamily
      if let existing = state.families[name] {
        if let metric = existing.series[labels] as? Metric { return metric }
        family = existing
      } else {
        let buckets = state.descriptions[name]?.buckets ?? defaultBuckets
        family = MetricFamily(kind: Metric.kind, buckets: buckets)
      }
      let metric = make(identity, family.buckets)
      if let reason = self.refusal(of: identity, kind: Metric.kind, in: state) {
        let key = MetricLabels.rendered([("metric", name), ("reason", reason.rawValue)], valueLimit: .max)
        // The names here are as unbounded as the ones refused, so they share the bound.
        if state.refusals[key] != nil || state.refusals.count < self.limits.families {
          state.refusals[key, default: 0] += 1
        }
        return metric
      }
      family.series[labels] = metric
      state.families[name] = family
      return metric
    }
  }

  private func refusal(of identity: MetricIdentity, kind: MetricKind, in state: borrowing State) -> RefusalReason? {
    if let family = state.families[identity.name] {
      if family.kind != kind { return .nameInUse }
      return family.series.count >= self.limits.seriesPerFamily ? .tooManySeries : nil
    }
    if identity.name == Self.refusedMetric { return .nameInUse }
    // A histogram x also exposes x_bucket, x_sum and x_count.
    for suffix in MetricKind.histogramSuffixes {
      if kind == .histogram, state.families[identity.name + suffix] != nil { return .nameInUse }
      if identity.name.hasSuffix(suffix),
        state.families[String(identity.name.dropLast(suffix.count))]?.kind == .histogram
      {
        return .nameInUse
      }
    }
    return state.families.count >= self.limits.families ? .tooManyNames : nil
  }

  /// Forgets a metric. One that was refused, or that a newer one has replaced, is left alone.
  func unregister(_ handler: AnyObject) {
    guard let metric = handler as? any PrometheusMetric else { return }
    self.state.withLock { state in
      guard state.families[metric.identity.name]?.series[metric.identity.labels] === metric else { return }
      state.families[metric.identity.name]?.series[metric.identity.labels] = nil
      if state.families[metric.identity.name]?.series.isEmpty == true {
        state.families[metric.identity.name] = nil
      }
    }
  }
}
