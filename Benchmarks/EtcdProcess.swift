import Foundation
import TestSupport

/// A single etcd, with its defaults but for where it listens and keeps its data.
final class EtcdProcess {
  let address: String
  private let child: ChildProcess

  init(directory: String) async throws {
    let urls = try freePorts(2).map { "http://127.0.0.1:\($0)" }
    let (clientURL, peerURL) = (urls[0], urls[1])
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
