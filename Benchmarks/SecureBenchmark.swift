import Foundation
import TestSupport

/// What certificates and rules cost: a server that has them beside one in plaintext, under the same load.
struct SecureBenchmark: Benchmark {
  static let name = "secure"
  private static let target = 0.7

  func run(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
    let files = try await SecureFiles(directory: "\(environment.directory)/files")
    let plain = try await LogdProcess(dataDirectory: "\(environment.directory)/plain")
    let secure = try await LogdProcess(
      dataDirectory: "\(environment.directory)/secure", arguments: files.serverArguments)
    var measurements: [Measurement] = []
    let loads: [(name: String, kind: String, load: Load)] = [
      ("unary Produce, 64 callers", "produce", Load(callers: 64)),
      ("streamed batches of 100", "produce-stream", Load(recordsPerMessage: 100, recordsInFlight: 20_000)),
    ]
    for (name, kind, load) in loads {
      let turns = try await environment.grpcGo.load(
        [
          .init(kind: "\(kind)-tls", addresses: [secure.rpcAddress], processes: [secure.child.identifier]),
          .init(kind: kind, addresses: [plain.rpcAddress], processes: [plain.child.identifier]),
        ], load, environment: files.loadEnvironment)
      measurements += [
        Measurement(
          "mutual TLS and rules, \(name)", ours: turns[0].rates, peer: "plaintext", values: turns[1].rates,
          unit: "records/s", goal: .ratioAtLeast(Self.target)),
        .processorTime(turns[0], peer: "plaintext", turns[1]),
      ]
    }
    _ = try await secure.stop()
    _ = try await plain.stop()
    return measurements
  }
}

/// An authority, a node's and a client's certificate, and proglog's rules.
struct SecureFiles {
  private let directory: String

  private static let model = """
    [request_definition]
    r = sub, obj, act

    [policy_definition]
    p = sub, obj, act

    [policy_effect]
    e = some(where (p.eft == allow))

    [matchers]
    m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
    """

  init(directory: String) async throws {
    self.directory = directory
    for arguments in [
      ["init"], ["issue", "--profile", "node", "--name", "node-1", "--ip", "127.0.0.1"],
      ["issue", "--profile", "client", "--name", "root"],
    ] {
      let made = try await TestSupport.run(Products.path("logctl"), ["certs"] + arguments + ["--dir", directory])
      guard made.status == 0 else { throw NeverHappened(description: "logctl certs \(arguments): \(made.errors)") }
    }
    try Self.model.write(toFile: "\(directory)/model.conf", atomically: true, encoding: .utf8)
    try "p, root, *, produce\n".write(toFile: "\(directory)/policy.csv", atomically: true, encoding: .utf8)
  }

  var serverArguments: [String] {
    ["--acl-model-file", "\(directory)/model.conf", "--acl-policy-file", "\(directory)/policy.csv"]
      + ["server", "peer"].flatMap { side in
        [
          "--\(side)-tls-cert-file", "\(directory)/node-1.pem", "--\(side)-tls-key-file",
          "\(directory)/node-1-key.pem", "--\(side)-tls-ca-file", "\(directory)/ca.pem",
        ]
      }
  }

  /// As Benchmarks/Go/secure.go names them.
  var loadEnvironment: [String: String] {
    [
      "GRPCBENCH_TLS_CA_FILE": "\(directory)/ca.pem", "GRPCBENCH_TLS_CERT_FILE": "\(directory)/root.pem",
      "GRPCBENCH_TLS_KEY_FILE": "\(directory)/root-key.pem",
    ]
  }
}
