/// What a scrape callback reports: samples that live for this one scrape.
package struct ScrapeSamples {
  struct Family {
    let kind: MetricKind
    var samples: [String: Double] = [:]
  }

  private let limits: PrometheusRegistry.Limits
  private(set) var families: [String: Family] = [:]

  init(limits: PrometheusRegistry.Limits) {
    self.limits = limits
  }

  /// The value of something that goes up and down.
  package mutating func gauge(_ name: String, _ value: Double, dimensions: [(String, String)] = []) {
    self.add(name, dimensions, value, kind: .gauge)
  }

  /// The value of something that only grows while the process lives.
  package mutating func counter(_ name: String, _ value: Double, dimensions: [(String, String)] = []) {
    self.add(name, dimensions, value, kind: .counter)
  }

  /// Bounded as registered metrics are. The first kind of a name counts, the last value of a series.
  private mutating func add(_ name: String, _ dimensions: [(String, String)], _ value: Double, kind: MetricKind) {
    let name = MetricName.sanitized(name)
    let labels = MetricLabels.rendered(dimensions, valueLimit: self.limits.labelValueBytes)
    var family = self.families[name] ?? Family(kind: kind)
    guard
      family.kind == kind,
      family.samples[labels] != nil || family.samples.count < self.limits.seriesPerFamily,
      self.families[name] != nil || self.families.count < self.limits.families
    else { return }
    family.samples[labels] = value
    self.families[name] = family
  }
}
