import CommitLog
import NIOCore
import TestSupport

/// Durable appends over gRPC, each record in a call of its own and on the disk before it is answered. The peer is etcd,
/// which syncs too: one node, a key for each record.
struct ProduceBenchmark: Benchmark {
  static let name = "produce"
  private static let callers = [1, 64, 256]
  private static let rounds = 5
  /// Calls a second at 64 callers.
  private static let target = 20_000.0

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    var measurements = [try syncRates(environment.directory)]
    let logd = try await LogdProcess(dataDirectory: "\(environment.directory)/logd")
    let etcd = try await EtcdProcess(directory: "\(environment.directory)/etcd")
    for callers in Self.callers {
      let before = (try await ServerCounts(ofLogd: logd.opsAddress), try await ServerCounts(ofEtcd: etcd.address))
      let turns = try await environment.grpcGo.load(
        [.init(kind: "produce", addresses: [logd.rpcAddress]), .init(kind: "put", addresses: [etcd.address])],
        Load(callers: callers, rounds: Self.rounds))
      let ours = try await ServerCounts(ofLogd: logd.opsAddress).since(before.0)
      let peer = try await ServerCounts(ofEtcd: etcd.address).since(before.1)
      let name = "durable Produce, \(callers) caller\(callers == 1 ? "" : "s")"
      measurements += [
        Measurement(
          name, ours: turns[0].rates, peer: "etcd", values: turns[1].rates, unit: "calls/s",
          goal: callers == 64 ? .atLeast(Self.target) : .none),
        Measurement(
          "  the server's processor time", ours: [ours.processorMicroseconds], peer: "etcd",
          values: [peer.processorMicroseconds], unit: "µs a call", goal: .none),
        Measurement(
          "  calls that share a sync", ours: [ours.callsPerSync], peer: "etcd", values: [peer.callsPerSync],
          unit: "calls", goal: .none),
      ]
    }
    _ = try await logd.stop()
    return measurements
  }

  /// What the disk gives, into blocks that were written before and into blocks that were only reserved.
  private func syncRates(_ directory: String) throws -> Measurement {
    let count = 300
    /// About what one sync of `logd` carries under 64 callers.
    let value = ByteBuffer(repeating: 7, count: 8 << 10)
    var rates: (written: [Double], reserved: [Double]) = ([], [])
    for round in 0..<Self.rounds {
      for isWritten in [true, false] {
        let loop = try BareLoop(
          path: "\(directory)/syncs-\(round)-\(isWritten)", bytes: count * value.readableBytes, isWritten: isWritten)
        let time = try ContinuousClock().measure {
          for _ in 0..<count { try loop.append(value) }
        }
        let rate = Double(count) / (time / .seconds(1))
        if isWritten { rates.written.append(rate) } else { rates.reserved.append(rate) }
      }
    }
    return Measurement(
      "the disk: overwriting 8 KiB + fdatasync", ours: rates.written, peer: "blocks not written before",
      values: rates.reserved, unit: "syncs/s", goal: .none)
  }
}

/// What a server says of itself.
private struct ServerCounts {
  var calls: Double
  var syncs: Double
  var processorSeconds: Double

  var processorMicroseconds: Double { processorSeconds / calls * 1e6 }
  var callsPerSync: Double { calls / syncs }

  init(ofLogd address: String) async throws {
    try await self.init(
      address, calls: "proglog_log_appended_records_total", syncs: "proglog_log_flush_duration_seconds_count")
  }

  init(ofEtcd address: String) async throws {
    try await self.init(
      address, calls: "etcd_mvcc_put_total", syncs: "etcd_disk_wal_fsync_duration_seconds_count")
  }

  private init(_ address: String, calls: String, syncs: String) async throws {
    let scrape = try await TestSupport.run("/usr/bin/env", ["curl", "-fs", "http://\(address)/metrics"])
    func value(_ name: String) throws -> Double {
      for line in scrape.output.split(separator: "\n") where line.hasPrefix(name + " ") {
        if let value = Double(line.dropFirst(name.count + 1)) { return value }
      }
      throw NeverHappened(description: "\(address) counts no \(name)")
    }
    self.calls = try value(calls)
    self.syncs = try value(syncs)
    processorSeconds = try value("process_cpu_seconds_total")
  }

  func since(_ earlier: ServerCounts) -> ServerCounts {
    var counts = self
    counts.calls -= earlier.calls
    counts.syncs -= earlier.syncs
    counts.processorSeconds -= earlier.processorSeconds
    return counts
  }
}
