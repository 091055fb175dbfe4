/// What a load came to.
struct BenchResult: Equatable {
  var records = 0
  /// Of values.
  var bytes = 0
  var elapsed = Duration.zero
  /// From sending a record to its acknowledgement; `nil` for consumers.
  var latencies: LatencyHistogram?

  private var seconds: Double { max(self.elapsed / .seconds(1), 0.001) }
  private var recordsPerSecond: Int { Int((Double(self.records) / self.seconds).rounded()) }
  private var bytesPerSecond: Int { Int((Double(self.bytes) / self.seconds).rounded()) }

  private static let percentiles: [(name: String, share: Double)] = [
    ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999),
  ]

  var text: String {
    var rows = [
      ["records", "\(self.records)"],
      ["seconds", Self.decimal(self.seconds, places: 2)],
      ["rate", "\(self.recordsPerSecond) records/s, \(ProduceProgress.size(self.bytesPerSecond))/s"],
    ]
    if let latencies {
      let values = Self.percentiles.map { "\($0.name) \(Self.milliseconds(latencies.percentile($0.share)))" }
      rows.append(
        ["latency", (values + ["most \(Self.milliseconds(latencies.longest))"]).joined(separator: ", ")])
    }
    return TextTable.text(rows)
  }

  var json: some Encodable {
    JSONResult(
      records: self.records, bytes: self.bytes, seconds: (self.seconds * 1_000).rounded() / 1_000,
      recordsPerSecond: self.recordsPerSecond, bytesPerSecond: self.bytesPerSecond,
      latencyMilliseconds: self.latencies.map { latencies in
        var values: [String: Double] = ["max": Self.inMilliseconds(latencies.longest)]
        for (name, share) in Self.percentiles { values[name] = Self.inMilliseconds(latencies.percentile(share)) }
        return values
      })
  }

  private struct JSONResult: Encodable {
    let records: Int
    let bytes: Int
    let seconds: Double
    let recordsPerSecond: Int
    let bytesPerSecond: Int
    let latencyMilliseconds: [String: Double]?

    private enum CodingKeys: String, CodingKey {
      case records
      case bytes
      case seconds
      case recordsPerSecond = "records_per_second"
      case bytesPerSecond = "bytes_per_second"
      case latencyMilliseconds = "latency_ms"
    }
  }

  private static func inMilliseconds(_ duration: Duration) -> Double {
    ((duration / .microseconds(1)).rounded()) / 1_000
  }

  private static func milliseconds(_ duration: Duration) -> String {
    "\(Self.decimal(duration / .milliseconds(1), places: 2)) ms"
  }

  private static func decimal(_ value: Double, places: Int) -> String {
    let scale = places == 2 ? 100 : 1
    let scaled = Int((value * Double(scale)).rounded())
    let fraction = "\(scaled % scale)"
    return "\(scaled / scale)." + String(repeating: "0", count: places - fraction.count) + fraction
  }
}
