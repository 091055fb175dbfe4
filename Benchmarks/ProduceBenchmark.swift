import CommitLog
import Foundation
import NIOCore
import TestSupport

/// Durable appends over gRPC: 64 callers, each record in a call of its own and on the disk before it is answered. The peer
/// is etcd, which syncs too: one node, a key for each record.
struct ProduceBenchmark: Benchmark {
  static let name = "produce"
  private static let callers = 64
  private static let rounds = 5
  private static let seconds = 2.0
  private static let target = 20_000.0
  /// About what one sync of `logd` carries under this load.
  private static let syncedBytes = 8 << 10

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let syncs = try syncRate("\(environment.directory)/syncs")
    let logd = try await LogdProcess(dataDirectory: "\(environment.directory)/logd")
    let etcd = try await EtcdProcess(directory: "\(environment.directory)/etcd")
    let rates = try await environment.grpcGo.load(
      [.init(kind: "produce", address: logd.rpcAddress), .init(kind: "put", address: etcd.address)],
      callers: Self.callers, seconds: Self.seconds, rounds: Self.rounds)
    _ = try await logd.stop()
    return [
      Measurement("the disk: pwritev + fdatasync of 8 KiB", ours: syncs, unit: "syncs/s"),
      Measurement(
        "durable Produce, \(Self.callers) callers", ours: rates[0], peer: "etcd", values: rates[1], unit: "records/s",
        goal: .atLeast(Self.target)),
    ]
  }

  /// Syncs that the disk gives a second, for whoever compares machines.
  private func syncRate(_ path: String) throws -> Double {
    let count = 2000
    let loop = try BareLoop(path: path, bytes: count * Self.syncedBytes)
    let value = ByteBuffer(repeating: 7, count: Self.syncedBytes)
    let time = try ContinuousClock().measure {
      for _ in 0..<count { try loop.append(value) }
    }
    return Double(count) / (time / .seconds(1))
  }
}

/// A single etcd, with its defaults but for where it listens and keeps its data.
private final class EtcdProcess {
  let address: String
  private let child: ChildProcess

  init(directory: String) async throws {
    let clientURL = "http://127.0.0.1:\(try freePort())"
    let peerURL = "http://127.0.0.1:\(try freePort())"
    let child = try ChildProcess(
      "/usr/bin/env",
      [
        "etcd", "--name", "bench", "--data-dir", directory, "--log-level", "warn",
        "--listen-client-urls", clientURL, "--advertise-client-urls", clientURL, "--listen-peer-urls", peerURL,
        "--initial-advertise-peer-urls", peerURL, "--initial-cluster", "bench=\(peerURL)",
      ])
    self.child = child
    address = String(clientURL.dropFirst("http://".count))
    try await eventually("etcd is healthy", within: .seconds(30)) {
      guard child.isRunning else {
        throw NeverHappened(description: "etcd ended; `make deps` installs it:\n\(child.errors)")
      }
      let health = try await TestSupport.run("/usr/bin/env", ["curl", "-fs", "\(clientURL)/health"])
      return health.status == 0 ? true : nil
    }
  }
}

/// A port that nobody listens on now. Somebody else may take it before etcd does, which then fails and says so.
private func freePort() throws -> Int {
  let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let bound = withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
    }
  }
  guard bound else { throw SystemCallFailed(call: "bind", errno: errno) }
  return Int(UInt16(bigEndian: address.sin_port))
}
