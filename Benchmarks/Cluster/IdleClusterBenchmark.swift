import TestSupport

/// Three nodes that found each other, and have nothing to do: heartbeats and gossip.
struct IdleClusterBenchmark: Benchmark {
  static let name = "idle-cluster"
  /// Long enough for several exchanges of state, which gossip has every 30 seconds.
  private static let window = Duration.seconds(90)
  /// Of one core, for each node.
  private static let processorTarget = 1.0
  /// A second, for each node: a probe and its answer, and five rounds of news to two others; with room.
  private static let packetTarget = 15.0

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    var nodes: [LogdProcess] = []
    var seed: [String] = []
    for number in 1...3 {
      let node = try await LogdProcess(
        dataDirectory: "\(environment.directory)/idle-\(number)", arguments: ["--node-name", "node-\(number)"] + seed)
      let gossip = LogdProcess.logLine("gossips", in: node.child.errors)?["address"] ?? ""
      if nodes.isEmpty { seed = ["--start-join-addrs", gossip] }
      nodes.append(node)
    }
    for node in nodes {
      try await eventually("all three vote") {
        try await metrics(node)["proglog_raft_voters"] == 3 ? () : nil
      }
    }
    let before = try await nodes.asyncMap(metrics)
    try await Task.sleep(for: Self.window)
    let after = try await nodes.asyncMap(metrics)
    for node in nodes { _ = try await node.stop() }

    func rates(_ name: String) -> [Double] {
      zip(before, after).map { ($1[name, default: 0] - $0[name, default: 0]) / (Self.window / .seconds(1)) }
    }
    return [
      Measurement(
        "an idle cluster of three: the busiest node", ours: 100 * (rates("process_cpu_seconds_total").max() ?? 0),
        unit: "% of a core", goal: .atMost(Self.processorTarget)),
      Measurement(
        "  packets of gossip, the most of a node", ours: rates("proglog_gossip_sent_packets_total").max() ?? 0,
        unit: "packets/s", goal: .atMost(Self.packetTarget)),
    ]
  }

  /// Those without labels.
  private func metrics(_ node: LogdProcess) async throws -> [String: Double] {
    let scrape = try await TestSupport.run("/usr/bin/env", ["curl", "-fs", "http://\(node.opsAddress)/metrics"])
    let pairs = scrape.output.split(separator: "\n").compactMap { line -> (String, Double)? in
      let parts = line.split(separator: " ")
      return parts.count == 2 ? Double(parts[1]).map { (String(parts[0]), $0) } : nil
    }
    return Dictionary(pairs) { $1 }
  }
}

extension Array {
  fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async rethrows -> [Value] {
    var values: [Value] = []
    for element in self { values.append(try await transform(element)) }
    return values
  }
}
