import CoreMetrics
import Testing

@testable import Telemetry

@Suite("The Prometheus registry")
struct PrometheusRegistryTests {
  @Test("every kind is exposed in text format 0.0.4, sorted by name and labels")
  func exposesEveryKind() {
    let registry = PrometheusRegistry([
      .init("log_appends_total", "Appends.\nA \\ and a second line."),
      .init("call_seconds", "Calls.", buckets: [0.5, 1]),
      .init("batch_bytes", "Batches.", buckets: [1, 1024]),
    ])
    let put = registry.makeCounter(label: "log.appends_total", dimensions: [("kind", "put"), ("code", "0")])
    put.increment(by: 2)
    put.increment(by: -5)
    registry.makeCounter(label: "log_appends_total", dimensions: [("code", "0"), ("kind", "get")]).increment(by: 1)
    let timer = registry.makeTimer(label: "call_seconds", dimensions: [])
    timer.recordNanoseconds(250_000_000)
    timer.recordNanoseconds(500_000_000)
    timer.recordNanoseconds(2_000_000_000)
    let recorder = registry.makeRecorder(label: "batch_bytes", dimensions: [("m", "a")], aggregate: true)
    recorder.record(Int64(1))
    recorder.record(2.5)
    registry.makeMeter(label: "queue_bytes", dimensions: []).set(1.5)
    registry.makeRecorder(label: "open", dimensions: [], aggregate: false).record(Int64(7))
    registry.makeFloatingPointCounter(label: "cpu_seconds_total", dimensions: []).increment(by: 0.25)

    #expect(
      registry.expose() == """
        # HELP batch_bytes Batches.
        # TYPE batch_bytes histogram
        batch_bytes_bucket{m="a",le="1"} 1
        batch_bytes_bucket{m="a",le="1024"} 2
        batch_bytes_bucket{m="a",le="+Inf"} 2
        batch_bytes_sum{m="a"} 3.5
        batch_bytes_count{m="a"} 2
        # HELP call_seconds Calls.
        # TYPE call_seconds histogram
        call_seconds_bucket{le="0.5"} 2
        call_seconds_bucket{le="1"} 2
        call_seconds_bucket{le="+Inf"} 3
        call_seconds_sum 2.75
        call_seconds_count 3
        # TYPE cpu_seconds_total counter
        cpu_seconds_total 0.25
        # HELP log_appends_total Appends.\\nA \\\\ and a second line.
        # TYPE log_appends_total counter
        log_appends_total{code="0",kind="get"} 1
        log_appends_total{code="0",kind="put"} 2
        # TYPE open gauge
        open 7
        # TYPE queue_bytes gauge
        queue_bytes 1.5

        """)
  }

  @Test(
    "names and labels become what Prometheus allows",
    arguments: [
      ("a.b-c", [("x.y", "1")], "a_b_c{x_y=\"1\"}"),
      ("9lives", [("2", "")], "_9lives{_2=\"\"}"),
      ("", [("", "v")], "_{_=\"v\"}"),
      ("ns:é", [("a:b", "é")], "ns:_{a_b=\"é\"}"),
      ("m", [("q", "a\"b\\c\nd")], #"m{q="a\"b\\c\nd"}"#),
      ("m", [("le", "1"), ("__name__", "x")], #"m{exported___name__="x",exported_le="1"}"#),
      ("m", [("a.b", "first"), ("a_b", "second")], #"m{a_b="first"}"#),
      ("m", [("long", String(repeating: "é", count: 6))], #"m{long="ééé"}"#),
    ])
  func sanitizes(name: String, dimensions: [(String, String)], expected: String) {
    var limits = PrometheusRegistry.Limits.defaults
    limits.labelValueBytes = 7
    let registry = PrometheusRegistry(limits: limits)
    registry.makeMeter(label: name, dimensions: dimensions).set(Int64(1))
    #expect(registry.expose().split(separator: "\n").last.map(String.init) == expected + " 1")
  }

  @Test(
    "numbers read back as themselves",
    arguments: [
      (0.0, "0"), (-1.0, "-1"), (1e15, "1000000000000000"), (1e300, "1e+300"), (0.000_1, "0.0001"), (1e-7, "1e-07"),
      (.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (0.1 + 0.2, "0.30000000000000004"),
    ])
  func rendersNumbers(value: Double, expected: String) {
    #expect(ExpositionNumber.rendered(value) == expected)
  }

  @Test("the same name and labels are the same metric, in any order of the labels")
  func sharesSeries() {
    let registry = PrometheusRegistry()
    let one = registry.makeCounter(label: "c", dimensions: [("a", "1"), ("b", "2")])
    let two = registry.makeCounter(label: "c", dimensions: [("b", "2"), ("a", "1")])
    #expect(one === two)
  }

  @Test("labels beyond the bound record nothing and are counted")
  func boundsCardinality() {
    var limits = PrometheusRegistry.Limits.defaults
    limits.seriesPerFamily = 2
    let registry = PrometheusRegistry(limits: limits)
    for path in ["/a", "/b", "/c", "/d", "/a"] {
      registry.makeCounter(label: "requests_total", dimensions: [("path", path)]).increment(by: 1)
    }
    #expect(
      registry.expose() == """
        # TYPE requests_total counter
        requests_total{path="/a"} 2
        requests_total{path="/b"} 1
        # HELP telemetry_series_refused_total Metrics that could not be registered and record nothing.
        # TYPE telemetry_series_refused_total counter
        telemetry_series_refused_total{metric="requests_total",reason="too_many_series"} 2

        """)
  }

  @Test("names beyond the bound are refused, and so are their entries in the counter of refusals")
  func boundsNames() {
    var limits = PrometheusRegistry.Limits.defaults
    limits.families = 1
    let registry = PrometheusRegistry(limits: limits)
    for name in ["a", "b", "c", "b"] {
      registry.makeCounter(label: name, dimensions: []).increment(by: 1)
    }
    let lines = registry.expose().split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(lines == ["a 1", #"telemetry_series_refused_total{metric="b",reason="too_many_names"} 2"#])
  }

  @Test("a name is never exposed as two kinds", arguments: ["x", "x_count", "x_sum", "x_bucket"])
  func refusesClashes(name: String) {
    let histogramFirst = PrometheusRegistry()
    histogramFirst.makeTimer(label: "x", dimensions: []).recordNanoseconds(1)
    histogramFirst.makeMeter(label: name, dimensions: []).set(Int64(42))
    let gaugeFirst = PrometheusRegistry()
    gaugeFirst.makeMeter(label: name, dimensions: []).set(Int64(42))
    gaugeFirst.makeTimer(label: "x", dimensions: []).recordNanoseconds(1)

    #expect(histogramFirst.expose().contains("x_count 1\n"))
    #expect(!histogramFirst.expose().contains("42"))
    #expect(gaugeFirst.expose().contains("\(name) 42\n"))
    #expect(!gaugeFirst.expose().contains("x_count 1\n"))
    for registry in [histogramFirst, gaugeFirst] {
      #expect(registry.expose().contains(#"reason="name_in_use"} 1"#))
    }
  }

  @Test("a destroyed metric is forgotten, and destroying a refused one harms nobody")
  func forgets() {
    let registry = PrometheusRegistry()
    let counter = registry.makeCounter(label: "c", dimensions: [])
    let refused = registry.makeMeter(label: "c", dimensions: [])
    registry.destroyMeter(refused)
    #expect(registry.expose().contains("c 0\n"))
    registry.destroyCounter(counter)
    #expect(!registry.expose().contains("c 0\n"))
  }

  @Test("values that would spoil a sum are dropped or bounded")
  func boundsValues() {
    let registry = PrometheusRegistry([.init("h", "", buckets: [1])])
    let histogram = registry.makeRecorder(label: "h", dimensions: [], aggregate: true)
    for value in [-3, .nan, .infinity, 0.5] {
      histogram.record(value)
    }
    let counter = registry.makeFloatingPointCounter(label: "c", dimensions: [])
    for value in [-3, .nan, .infinity, 0.5] {
      counter.increment(by: value)
    }
    let lines = registry.expose().split(separator: "\n").filter { !$0.hasPrefix("#") }
    #expect(lines == ["c 0.5", #"h_bucket{le="1"} 2"#, #"h_bucket{le="+Inf"} 2"#, "h_sum 0.5", "h_count 2"])
  }

  @Test("callbacks run at each scrape; a registered metric wins over a callback's of the same name")
  func evaluatesCallbacks() {
    let registry = PrometheusRegistry([.init("disk_bytes", "Disk.")])
    let meter = registry.makeMeter(label: "scrapes", dimensions: [])
    registry.onScrape { samples in
      meter.increment(by: 1)
      samples.gauge("disk_bytes", 2, dimensions: [("dir", "b")])
      samples.gauge("disk_bytes", 1, dimensions: [("dir", "a")])
      samples.counter("disk_bytes", 3)
      samples.gauge("scrapes", 99)
    }
    _ = registry.expose()
    #expect(
      registry.expose() == """
        # HELP disk_bytes Disk.
        # TYPE disk_bytes gauge
        disk_bytes{dir="a"} 1
        disk_bytes{dir="b"} 2
        # TYPE scrapes gauge
        scrapes 2

        """)
  }

  @Test("nothing recorded by several threads at once is lost")
  func countsConcurrently() async {
    let registry = PrometheusRegistry([.init("h", "", buckets: [1])])
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<10_000 {
            registry.makeCounter(label: "c", dimensions: []).increment(by: 1)
            registry.makeRecorder(label: "h", dimensions: [], aggregate: true).record(Int64(2))
          }
        }
      }
    }
    let text = registry.expose()
    #expect(text.contains("c 40000\n"))
    #expect(text.contains("h_sum 80000\n"))
    #expect(text.contains("h_bucket{le=\"+Inf\"} 40000\n"))
  }
}
