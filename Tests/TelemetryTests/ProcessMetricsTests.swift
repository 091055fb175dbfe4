import Testing

@testable import Telemetry

@Suite("Process metrics")
struct ProcessMetricsTests {
  @Test("the fields of /proc/self/stat are counted after the command's name, whatever it holds")
  func parsesStatistics() {
    let fields = (4...52).map(String.init).joined(separator: " ")
    let statistics = ProcessMetrics.Statistics(parsing: "17 (a) b) (c) S \(fields)\n")
    #expect(statistics?.cpuTicks == 14 + 15)
    #expect(statistics?.threads == 20)
    #expect(statistics?.startTicks == 22)
    #expect(statistics?.virtualMemoryBytes == 23)
    #expect(statistics?.residentPages == 24)
  }

  @Test("text that is not a stat line gives nothing", arguments: ["", "1 (x", "1 (x) S 1 2 3", "1 (x) S a b c"])
  func refusesOther(text: String) {
    #expect(ProcessMetrics.Statistics(parsing: text) == nil)
  }

  @Test("boot time is the btime line's")
  func parsesBootTime() {
    #expect(ProcessMetrics.bootTime(parsing: "cpu 1 2\nbtime 1700000000\nprocesses 3\n") == 1_700_000_000)
    #expect(ProcessMetrics.bootTime(parsing: "cpu 1 2\n") == nil)
  }

  @Test("a scrape tells of this process by the names that Prometheus' clients use")
  func reportsThisProcess() throws {
    let registry = PrometheusRegistry()
    ProcessMetrics.register(with: registry)
    var values: [String: Double] = [:]
    for line in registry.expose().split(separator: "\n") where !line.hasPrefix("#") {
      let parts = line.split(separator: " ")
      values[String(parts[0])] = Double(parts[1])
    }
    #expect(try #require(values["process_cpu_seconds_total"]) >= 0)
    #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
    #expect(try #require(values["process_virtual_memory_bytes"]) > 1_000_000)
    #expect(try #require(values["process_open_fds"]) >= 3)
    #expect(try #require(values["process_max_fds"]) >= 3)
    #expect(try #require(values["process_threads"]) >= 1)
    #expect(try #require(values["process_start_time_seconds"]) > 1_600_000_000)
  }
}
