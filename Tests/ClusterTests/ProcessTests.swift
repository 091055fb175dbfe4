import Foundation
import TestSupport
import Testing

/// How `logd` starts and ends, as a shell or a kubelet sees it.
@Suite struct ProcessTests {
  struct WrongSetting: Sendable, CustomTestStringConvertible {
    var arguments: [String] = []
    var environment: [String: String] = [:]
    var file: String?
    var says: [String]
    var testDescription: String { "\(arguments) \(environment) \(file ?? "")" }
  }

  static let wrongSettings = [
    WrongSetting(arguments: ["--rpc-prot", "1"], says: ["--rpc-prot", "--rpc-port"]),
    WrongSetting(arguments: ["--rpc-port", "http"], says: ["--rpc-port", "\"http\" is no port", "1 to 65535"]),
    WrongSetting(
      arguments: ["--http-port", "8400"], says: ["--http-port", "http-port and rpc-port both ask for port 8400"]),
    WrongSetting(
      arguments: ["--bind-addr", "0.0.0.0:8401"], says: ["--bind-addr", "without TLS", "--allow-plaintext-on-network"]),
    WrongSetting(environment: ["LOGD_RPC_PROT": "1"], says: ["LOGD_RPC_PROT", "no such setting", "LOGD_RPC_PORT"]),
    WrongSetting(environment: ["LOGD_MAX_STORE_BYTES": "12"], says: ["LOGD_MAX_STORE_BYTES", "4096 to 4294967295"]),
    WrongSetting(file: "rpc-port: 8400\nrpc-prot: 1\n", says: ["logd.yaml:2", "did you mean \"rpc-port\"?"]),
    WrongSetting(file: "log-level: [debug]\n", says: ["logd.yaml:1 (log-level)", "a list or a mapping"]),
    WrongSetting(file: "log-level: loud\n", says: ["logd.yaml:1 (log-level)", "trace, debug, info"]),
    WrongSetting(arguments: ["--config-file", "/nowhere/logd.yaml"], says: ["--config-file", "/nowhere/logd.yaml"]),
  ]

  @Test("an unknown or impossible setting stops it with what was wrong and what is allowed", arguments: wrongSettings)
  func wrongSetting(_ wrong: WrongSetting) async throws {
    let directory = try TemporaryDirectory()
    var arguments = wrong.arguments
    if let file = wrong.file {
      try file.write(toFile: directory.file("logd.yaml"), atomically: true, encoding: .utf8)
      arguments += ["--config-file", directory.file("logd.yaml")]
    }
    let result = try await run(
      Products.path("logd"), ["--data-dir", directory.file("data")] + arguments, environment: wrong.environment)
    #expect(result.status == 64)
    for text in wrong.says { #expect(result.errors.contains(text), "\(result.errors)") }
    #expect(!FileManager.default.fileExists(atPath: directory.file("data")), "it started all the same")
  }

  @Test("flags win over the environment, which wins over the file")
  func precedence() async throws {
    let directory = try TemporaryDirectory()
    try "node-name: from-file\nmax-record-bytes: 1KiB\nlog-level: debug\n"
      .write(toFile: directory.file("logd.yaml"), atomically: true, encoding: .utf8)
    let node = try await LogdProcess(
      dataDirectory: directory.file("data"), arguments: ["--config-file", directory.file("logd.yaml")],
      environment: ["LOGD_NODE_NAME": "from-environment", "LOGD_LOG_LEVEL": "info"])
    // LogdProcess passes --node-name node-1.
    #expect(LogdProcess.logLine("serving", in: node.child.errors)?["node"] == "node-1")
    #expect(!node.child.errors.contains("\"level\":\"debug\""))
  }

  @Test("a data directory belongs to one process")
  func lockedDataDirectory() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(dataDirectory: directory.file("data"))
    let second = try await run(
      Products.path("logd"),
      [
        "--data-dir", directory.file("data"), "--bind-addr", "127.0.0.1:0", "--rpc-port", "0", "--http-port", "0",
        "--ops-port", "0", "--log-format", "json",
      ])
    #expect(second.status == 1)
    #expect(second.errors.contains("\(node.child.identifier)"), "it names the process that has it: \(second.errors)")
    #expect(try await node.stop() == 0)
  }

  @Test("a taken port is named, with the setting that chooses another")
  func takenPort() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(dataDirectory: directory.file("one"))
    for (setting, address) in [
      ("rpc-port", node.rpcAddress), ("http-port", node.httpAddress), ("ops-port", node.opsAddress),
    ] {
      let port = String(address.split(separator: ":").last ?? "")
      var arguments = ["--data-dir", directory.file("two"), "--bind-addr", "127.0.0.1:0", "--log-format", "json"]
      for key in ["rpc-port", "http-port", "ops-port"] { arguments += ["--\(key)", key == setting ? port : "0"] }
      let second = try await run(Products.path("logd"), arguments)
      #expect(second.status == 1)
      #expect(second.errors.contains(address) && second.errors.contains("--\(setting)"), "\(second.errors)")
    }
  }

  @Test("a node that comes back under another address says so to its clients")
  func movedAddress() async throws {
    let directory = try TemporaryDirectory()
    for address in ["log.example:8400", "other.example:9400"] {
      let node = try await LogdProcess(
        dataDirectory: directory.file("data"), arguments: ["--advertise-rpc-addr", address])
      try await eventually("\(address) is told") { () -> Void? in
        let servers = try await run(Products.path("logctl"), ["servers", "--addr", node.rpcAddress])
        return servers.output.contains(address) ? () : nil
      }
      #expect(try await node.stop() == 0)
    }
  }

  @Test("SIGTERM drains and closes; what was acknowledged is there")
  func gracefulStop() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(dataDirectory: directory.file("data"))
    #expect(try await node.stop() == 0)
    #expect(LogdProcess.logLine("stopped", in: node.child.errors) != nil, "\(node.child.errors)")
    let again = try await LogdProcess(dataDirectory: directory.file("data"))
    #expect(try await again.stop() == 0)
  }

  /// A request whose body never comes, in the hands of the node on return.
  private func startStuckRequest(_ node: LogdProcess) async throws -> ChildProcess {
    let address = node.httpAddress.split(separator: ":").joined(separator: "/")
    let request = "POST / HTTP/1.1\\r\\nHost: logd\\r\\nContent-Length: 9\\r\\n\\r\\n"
    let child = try ChildProcess(
      "/bin/bash", ["-c", "exec 3<>/dev/tcp/\(address); printf '\(request)' >&3; cat <&3"])
    try await eventually("the node has the request") { () -> Void? in
      let metrics = try await run("/usr/bin/curl", ["-sS", "--max-time", "60", "http://\(node.opsAddress)/metrics"])
      return metrics.output.contains("http_server_active_requests{http_request_method=\"POST\"} 1") ? () : nil
    }
    return child
  }

  @Test("a request that never ends holds a stop up no longer than the time-out")
  func boundedStop() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(
      dataDirectory: directory.file("data"), arguments: ["--shutdown-timeout", "200ms"])
    let stuck = try await startStuckRequest(node)
    #expect(try await node.stop() == 0, "\(node.child.errors)")
    _ = stuck
  }

  @Test("a second signal ends it at once")
  func secondSignal() async throws {
    let directory = try TemporaryDirectory()
    let node = try await LogdProcess(dataDirectory: directory.file("data"), arguments: ["--shutdown-timeout", "1h"])
    let stuck = try await startStuckRequest(node)
    node.child.send(SIGTERM)
    try await eventually("it drains") { LogdProcess.logLine("stopping", in: node.child.errors, isPrefix: true) }
    node.child.send(SIGTERM)
    #expect(try await node.child.ended() == 128 + SIGTERM)
    _ = stuck
  }
}
