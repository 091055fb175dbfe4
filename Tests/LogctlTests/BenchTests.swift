import ArgumentParser
import FoundationEssentials
import Testing

@testable import Logctl

@Suite("logctl's bench")
struct BenchTests {
  @Test(
    "percentiles are off by a sixteenth at most", arguments: [1, 15, 16, 17, 1_000, 999_999, 123_456_789] as [Int64])
  func precision(microseconds: Int64) {
    var histogram = LatencyHistogram()
    histogram.record(.microseconds(microseconds))
    // So that the longest one does not decide.
    histogram.record(.seconds(1_000_000))
    let found = histogram.percentile(0.5) / .microseconds(1)
    #expect(found >= Double(microseconds) && found <= Double(microseconds) * 17 / 16, "\(found)")
  }

  @Test("percentiles are the nearest ranks, and histograms add up")
  func percentiles() {
    var (low, high) = (LatencyHistogram(), LatencyHistogram())
    for number in 1...10 { low.record(.microseconds(number)) }
    for number in 11...15 { high.record(.microseconds(number)) }
    low.add(high)
    #expect(low.count == 15)
    #expect(low.percentile(0.5) == .microseconds(8))
    #expect(low.percentile(1) == .microseconds(15))
    #expect(low.percentile(0) == .microseconds(1))
    #expect(low.longest == .microseconds(15))
    #expect(LatencyHistogram().percentile(0.5) == .zero)
    low.record(.seconds(100_000_000))
    #expect(low.percentile(1) > .seconds(1_000_000))
  }

  @Test("a result is told in words and in JSON")
  func results() throws {
    var latencies = LatencyHistogram()
    for number in 1...100 { latencies.record(.microseconds(number * 100)) }
    let result = BenchResult(records: 1_000, bytes: 100_000, elapsed: .milliseconds(500), latencies: latencies)
    #expect(
      result.text == """
        records  1000
        seconds  0.50
        rate     2000 records/s, 200.0 kB/s
        latency  p50 5.12 ms, p90 9.22 ms, p99 10.00 ms, p99.9 10.00 ms, most 10.00 ms

        """)
    let json = String(decoding: try JSONText.line(result.json), as: UTF8.self)
    #expect(
      json == """
        {"bytes":100000,"bytes_per_second":200000,\
        "latency_ms":{"max":10,"p50":5.119,"p90":9.215,"p99":10,"p99.9":10},\
        "records":1000,"records_per_second":2000,"seconds":0.5}

        """)
  }

  @Test("a load is shared, with nothing left over")
  func shares() throws {
    let length = try BenchLength.parse(["--records", "10"])
    #expect((0..<3).map { length.share(of: $0, among: 3) } == [4, 3, 3])
    #expect(length.end(from: .now) == nil)
    #expect(try BenchLength.parse([]).end(from: .now) != nil)
  }
}
