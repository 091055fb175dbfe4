/// The kinds of the exposition format that a registry makes.
enum MetricKind: String {
  case counter
  case gauge
  case histogram

  static let histogramSuffixes = ["_bucket", "_sum", "_count"]
}

/// A name and its labels as they are written between the braces, sorted by label: the key of a series.
struct MetricIdentity: Sendable {
  let name: String
  let labels: String
}

/// One series. Recording uses atomics only.
protocol PrometheusMetric: AnyObject, Sendable {
  static var kind: MetricKind { get }
  var identity: MetricIdentity { get }
  /// Appends the series' lines, each with its newline.
  func write(to output: inout String)
}

/// All series of one name.
struct MetricFamily {
  let kind: MetricKind
  let buckets: [Double]
  var series: [String: any PrometheusMetric] = [:]
}
