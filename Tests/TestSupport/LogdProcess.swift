import Foundation

/// A real `logd` on ephemeral loopback ports.
package final class LogdProcess: Sendable {
  package let child: ChildProcess
  package let rpcAddress: String
  package let httpAddress: String
  package let opsAddress: String

  /// Starts a node that is a cluster by itself, unless `arguments` say which it joins, and waits until it serves.
  package init(dataDirectory: String, arguments: [String] = [], environment: [String: String] = [:]) async throws {
    let child = try ChildProcess(
      Products.path("logd"),
      [
        "--data-dir", dataDirectory, "--bind-addr", "127.0.0.1:0", "--rpc-port", "0", "--http-port", "0",
        "--ops-port", "0", "--node-name", "node-1", "--log-format", "json",
      ] + (arguments.contains("--start-join-addrs") ? [] : ["--bootstrap"]) + arguments, environment: environment)
    self.child = child
    let serving = try await eventually("logd serves") { () -> [String: String]? in
      if let line = Self.logLine("serving", in: child.errors) { return line }
      guard child.isRunning else { throw NeverHappened(description: "logd ended at its start:\n\(child.errors)") }
      return nil
    }
    rpcAddress = serving["rpc_addr"] ?? ""
    httpAddress = serving["http_addr"] ?? ""
    opsAddress = serving["ops_addr"] ?? ""
  }

  /// The first log line with a message, as its fields.
  package static func logLine(_ message: String, in log: String, isPrefix: Bool = false) -> [String: String]? {
    for line in log.split(separator: "\n") {
      guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
        let text = object["msg"] as? String, isPrefix ? text.hasPrefix(message) : text == message
      else { continue }
      return object.compactMapValues { $0 as? String }
    }
    return nil
  }

  /// Ends it as a crash would.
  package func crash() async throws {
    child.send(SIGKILL)
    try await child.ended()
  }

  /// Ends it as Kubernetes would.
  package func stop() async throws -> Int32 {
    child.send(SIGTERM)
    return try await child.ended()
  }
}
