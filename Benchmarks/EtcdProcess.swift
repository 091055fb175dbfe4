import Foundation
import TestSupport

/// A single etcd, with its defaults but for where it listens and keeps its data.
final class EtcdProcess {
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
