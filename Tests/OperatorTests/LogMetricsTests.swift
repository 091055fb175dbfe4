import KubernetesClient
import Telemetry
import Testing

@testable import Operator

@Suite struct LogMetricsTests {
  private let key = ObjectKey(namespace: "default", name: "log")

  private func exposed(_ metrics: LogMetrics, at now: ContinuousClock.Instant) -> [String] {
    let registry = PrometheusRegistry(LogMetrics.descriptions)
    registry.onScrape { metrics.collect(into: &$0, now: now) }
    return registry.expose().split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
  }

  @Test("a log that serves has its members, its leader and nothing that blocks")
  func serving() async throws {
    let cluster = InMemoryCluster()
    cluster.apply(spec: ["replicas": 3])
    let subject = OperatorUnderTest(cluster)
    #expect(try await subject.settle())
    let lines = exposed(subject.reconciler.metrics, at: .now)
    for line in [
      #"proglog_operator_ready{name="log",namespace="default"} 1"#,
      #"proglog_operator_has_leader{name="log",namespace="default"} 1"#,
      #"proglog_operator_members{name="log",namespace="default",role="voter"} 3"#,
      #"proglog_operator_members_ready{name="log",namespace="default",role="voter"} 3"#,
      #"proglog_operator_plan_steps{name="log",namespace="default"} 0"#,
      #"proglog_operator_plan_blocked_seconds{name="log",namespace="default"} 0"#,
    ] { #expect(lines.contains(line), "\(lines)") }
    cluster.remove(.progLog, "log")
    subject.sync()
    try await subject.reconcile()
    #expect(exposed(subject.reconciler.metrics, at: .now) == [], "a log that is gone has none")
  }

  @Test("the time that a plan waits is counted from when it came to wait at that step")
  func blocked() {
    let metrics = LogMetrics()
    let start = ContinuousClock.now
    func blocked(after seconds: Int) -> String? {
      exposed(metrics, at: start + .seconds(seconds)).first { $0.contains("blocked") }?.split(separator: " ").last
        .map(String.init)
    }
    metrics.record(LogMetrics.Sample(obstacle: "wait for Pod log-1"), of: key, now: start)
    metrics.record(LogMetrics.Sample(obstacle: "wait for Pod log-1"), of: key, now: start + .seconds(60))
    #expect(blocked(after: 90) == "90")
    metrics.record(LogMetrics.Sample(obstacle: "wait for Pod log-2"), of: key, now: start + .seconds(100))
    #expect(blocked(after: 110) == "10")
    metrics.record(LogMetrics.Sample(), of: key, now: start + .seconds(120))
    #expect(blocked(after: 200) == "0")
  }

  @Test("a log that hibernates is neither ready nor unready")
  func hibernating() async throws {
    let cluster = InMemoryCluster()
    cluster.apply(spec: ["hibernated": true])
    let subject = OperatorUnderTest(cluster)
    #expect(try await subject.settle())
    #expect(!exposed(subject.reconciler.metrics, at: .now).contains { $0.hasPrefix("proglog_operator_ready") })
  }
}
