import Synchronization

extension PrometheusRegistry {
  /// The `Content-Type` of ``expose()``'s result.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  /// One scrape: the callbacks' samples and every registered metric, sorted by name and then by labels.
  package func expose() -> String {
    var samples = ScrapeSamples(limits: self.limits)
    for collect in self.state.withLock({ $0.collectors }) {
      collect(&samples)
    }
    // Series are read outside the lock: their values are atomics, and a scrape must not hold up who makes a metric.
    let (families, descriptions, refusals) = self.state.withLock { ($0.families, $0.descriptions, $0.refusals) }
    var sections: [(name: String, text: String)] = []
    for (name, family) in families {
      var text = ""
      text.writeHeader(name, help: descriptions[name]?.help, kind: family.kind)
      for (_, metric) in family.series.sorted(by: { $0.key < $1.key }) {
        metric.write(to: &text)
      }
      sections.append((name, text))
    }
    // A registered metric wins over a callback's of the same name: a name may stand only once.
    for (name, family) in samples.families where families[name] == nil {
      var text = ""
      text.writeHeader(name, help: descriptions[name]?.help, kind: family.kind)
      for (labels, value) in family.samples.sorted(by: { $0.key < $1.key }) {
        text.writeSample(name, labels, ExpositionNumber.rendered(value))
      }
      sections.append((name, text))
    }
    if !refusals.isEmpty {
      var text = ""
      text.writeHeader(Self.refusedMetric, help: descriptions[Self.refusedMetric]?.help, kind: .counter)
      for (labels, count) in refusals.sorted(by: { $0.key < $1.key }) {
        text.writeSample(Self.refusedMetric, labels, String(count))
      }
      sections.append((Self.refusedMetric, text))
    }
    return sections.sorted { $0.name < $1.name }.map(\.text).joined()
  }
}
