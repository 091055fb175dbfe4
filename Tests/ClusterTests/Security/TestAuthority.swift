import Foundation
import TestSupport

/// Files of a certificate, of the key to it, and of whom its owner trusts.
struct TLSPaths: Sendable {
  var certificate: String
  var key: String
  var authorities: String

  /// For curl.
  var curl: [String] { ["--cacert", authorities, "--cert", certificate, "--key", key] }

  /// For the client in Go and for logctl.
  var flags: [String] {
    ["--tls-ca-file", authorities, "--tls-cert-file", certificate, "--tls-key-file", key]
  }
}

/// An authority that `logctl certs` made, and what it has issued.
final class TestAuthority: Sendable {
  let directory: TemporaryDirectory

  init() async throws {
    directory = try TemporaryDirectory()
    try await logctl("init")
  }

  var bundle: String { directory.file("ca.pem") }

  /// Runs `logctl certs` on it.
  @discardableResult
  func logctl(_ arguments: String...) async throws -> String { try await logctl(arguments) }

  @discardableResult
  func run(_ arguments: [String]) async throws -> String {
    try await logctl(arguments)
  }

  private func logctl(_ arguments: [String]) async throws -> String {
    let result = try await TestSupport.run(Products.path("logctl"), ["certs"] + arguments + ["--dir", directory.path])
    guard result.status == 0 else {
      throw NeverHappened(description: "logctl certs \(arguments): \(result.output)\(result.errors)")
    }
    return result.output
  }

  func paths(_ name: String) -> TLSPaths {
    TLSPaths(certificate: directory.file("\(name).pem"), key: directory.file("\(name)-key.pem"), authorities: bundle)
  }

  func issueNode(_ name: String, host: String) async throws -> TLSPaths {
    _ = try await logctl(["issue", "--profile", "node", "--name", name, "--ip", host, "--dns", "localhost"])
    return paths(name)
  }

  func issueAdmin(_ name: String) async throws -> TLSPaths {
    _ = try await logctl(["issue", "--profile", "admin", "--name", name])
    return paths(name)
  }

  func issueClient(_ name: String, _ more: String...) async throws -> TLSPaths {
    _ = try await logctl(["issue", "--profile", "client", "--name", name] + more)
    return paths(name)
  }
}

/// What makes a cluster secure: certificates for all its nodes, rules as proglog has them, and a key for gossip.
final class ClusterSecurity: Sendable {
  let authority: TestAuthority
  private let files: TemporaryDirectory

  private static let model = """
    # Request definition
    [request_definition]
    r = sub, obj, act

    # Policy definition
    [policy_definition]
    p = sub, obj, act

    # Policy effect
    [policy_effect]
    e = some(where (p.eft == allow))

    # Matchers
    [matchers]
    m = r.sub == p.sub && r.obj == p.obj && r.act == p.act
    """

  static let policy = "p, root, *, produce\np, root, *, consume\n"

  init() async throws {
    authority = try await TestAuthority()
    files = try TemporaryDirectory()
    try Self.model.write(toFile: files.file("model.conf"), atomically: true, encoding: .utf8)
    try Self.policy.write(toFile: policyFile, atomically: true, encoding: .utf8)
    let key = Data((0..<32).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
    try "[\"\(key)\"]\n".write(toFile: keyring(""), atomically: true, encoding: .utf8)
  }

  var policyFile: String { files.file("policy.csv") }

  private func keyring(_ name: String) -> String { files.file("keyring\(name).json") }

  /// Flags of a node: its own certificate, for clients and for other nodes.
  func arguments(of name: String, host: String) async throws -> [String] {
    let paths = authority.paths(name)
    let isNew = !FileManager.default.fileExists(atPath: paths.certificate)
    if isNew { _ = try await authority.issueNode(name, host: host) }
    // A node rewrites its keyring when keys change; another life of it goes on with that.
    if isNew { try FileManager.default.copyItem(atPath: keyring(""), toPath: keyring("-\(name)")) }
    var arguments = [
      "--acl-model-file", files.file("model.conf"), "--acl-policy-file", policyFile, "--gossip-keyring-file",
      keyring("-\(name)"),
    ]
    for side in ["server", "peer"] {
      arguments += [
        "--\(side)-tls-cert-file", paths.certificate, "--\(side)-tls-key-file", paths.key, "--\(side)-tls-ca-file",
        paths.authorities,
      ]
    }
    return arguments
  }
}
