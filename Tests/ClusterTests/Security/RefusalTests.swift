import Foundation
import TestSupport
import Testing

/// Who is not let in, and what a node says of it.
@Suite(.enabled(if: Python.isInstalled, "needs the packages that `make deps` puts into .venv"))
struct RefusalTests {
  /// A node that is a cluster by itself, with all that makes one secure.
  private struct Fixture {
    let security: ClusterSecurity
    let root: TLSPaths
    let node: LogdProcess
    private let directory: TemporaryDirectory

    init() async throws {
      security = try await ClusterSecurity()
      root = try await security.authority.issueClient("root")
      directory = try TemporaryDirectory()
      node = try await LogdProcess(
        dataDirectory: directory.file("data"),
        arguments: try await security.arguments(of: "node-1", host: "127.0.0.1"))
    }

    /// What came of a POST, and the status.
    func post(_ tls: TLSPaths?, scheme: String = "https") async throws -> (status: Int32, text: String) {
      let result = try await run(
        "/usr/bin/curl",
        ["-sS", "--max-time", "60", "-w", " %{http_code}", "-d", #"{"record":{"value":"eA=="}}"#]
          + (tls?.curl ?? ["--cacert", root.authorities]) + ["\(scheme)://\(node.httpAddress)"])
      return (result.status, result.output)
    }

    func probe(_ arguments: [String]) async throws -> String {
      let result = try await run(Python.path, ["\(Python.scripts)/tls_probe.py"] + arguments, within: .seconds(120))
      guard result.status == 0 else { throw NeverHappened(description: "\(arguments): \(result.errors)") }
      return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func handshake(_ tls: TLSPaths?, firstByte: String = "-", at address: String? = nil) async throws -> String {
      try await probe(
        ["handshake", "127.0.0.1", port(address ?? node.rpcAddress), firstByte, root.authorities]
          + (tls.map { [$0.certificate, $0.key] } ?? []))
    }

    func port(_ address: String) -> String { String(address.split(separator: ":").last ?? "") }

    func metric(_ name: String) async throws -> Int {
      let metrics = try await run("/usr/bin/curl", ["-sS", "--max-time", "60", "http://\(node.opsAddress)/metrics"])
      let line = metrics.output.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
      return Int(line.flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0)
    }

    /// Waits until a metric has counted at least so many.
    func expect(_ name: String, atLeast count: Int = 1) async throws {
      try await eventually("\(name) is \(count)") { try await metric(name) >= count ? () : nil }
    }

    func expectRefusal(_ port: String, _ reason: String) async throws {
      try await expect("proglog_tls_refused_handshakes_total{port=\"\(port)\",reason=\"\(reason)\"}")
    }
  }

  @Test("certificates: none, a stranger's, an expired one, and a client's where nodes talk")
  func certificates() async throws {
    let fixture = try await Fixture()
    #expect(try await fixture.post(fixture.root).text == "{\"offset\":0}\n 200")
    #expect(try await fixture.handshake(fixture.root).hasPrefix("accepted"))

    #expect(try await fixture.post(nil).status != 0)
    try await fixture.expectRefusal("http", "no_certificate")
    #expect(try await fixture.handshake(nil).hasPrefix("refused"))
    try await fixture.expectRefusal("rpc", "no_certificate")

    let foreign = try await TestAuthority()
    var stranger = try await foreign.issueClient("root")
    stranger.authorities = fixture.root.authorities
    #expect(try await fixture.post(stranger).status != 0)
    #expect(try await fixture.handshake(stranger).hasPrefix("refused"))
    try await fixture.expectRefusal("http", "unknown_issuer")
    try await fixture.expectRefusal("rpc", "unknown_issuer")

    let brief = try await fixture.security.authority.issueClient("brief", "--lifetime", "1s")
    try await eventually("the certificate has expired") {
      try await fixture.handshake(brief).hasPrefix("refused") ? () : nil
    }
    #expect(try await fixture.post(brief).status != 0)
    try await fixture.expectRefusal("rpc", "expired")
    try await fixture.expectRefusal("http", "expired")

    #expect(try await fixture.handshake(fixture.root, firstByte: "01").hasPrefix("refused"))
    try await fixture.expectRefusal("peer", "wrong_profile")
    #expect(try await fixture.node.stop() == 0)
  }

  @Test(
    "rules: nobody may produce, and root no more once its line is gone and SIGHUP was sent; a wrong file changes nothing"
  )
  func rules() async throws {
    let fixture = try await Fixture()
    let nobody = try await fixture.security.authority.issueClient("nobody")
    #expect(
      try await fixture.post(nobody).text == "{\"error\":\"nobody not permitted to produce to *\"}\n 403")
    try await fixture.expect("proglog_access_decisions_total{decision=\"denied\",request=\"produce\"}")
    let line = LogdProcess.logLine("permission denied", in: fixture.node.child.errors)
    #expect(line?["subject"] == "nobody" && line?["action"] == "produce" && line?["peer"]?.isEmpty == false)

    try "p, root\n".write(toFile: fixture.security.policyFile, atomically: true, encoding: .utf8)
    fixture.node.child.send(SIGHUP)
    try await eventually("the wrong file is told of") {
      LogdProcess.logLine("rules not replaced", in: fixture.node.child.errors, isPrefix: true).map { _ in }
    }
    #expect(try await fixture.post(fixture.root).text.hasSuffix(" 200"))

    try "p, root, *, consume\n".write(toFile: fixture.security.policyFile, atomically: true, encoding: .utf8)
    fixture.node.child.send(SIGHUP)
    try await eventually("root may produce no more") {
      try await fixture.post(fixture.root).text == "{\"error\":\"root not permitted to produce to *\"}\n 403" ? () : nil
    }
    #expect(try await fixture.node.stop() == 0)
  }

  @Test("bytes: plaintext, silence, half a handshake, and TLS where gossip is spoken")
  func bytes() async throws {
    let fixture = try await Fixture()
    #expect(try await fixture.post(fixture.root, scheme: "http").status != 0)
    let rpcPort = fixture.port(fixture.node.rpcAddress)
    // HTTP/2's preface.
    _ = try await fixture.probe(["silence", "127.0.0.1", rpcPort, "505249202a20485454502f322e300d0a"])
    try await fixture.expect("proglog_port_plaintext_connections_total")
    async let silent = fixture.probe(["silence", "127.0.0.1", rpcPort, ""])
    async let stalled = fixture.probe(["silence", "127.0.0.1", rpcPort, "1603010200"])
    async let stalledPeer = fixture.probe(["silence", "127.0.0.1", rpcPort, "011603010200"])
    for outcome in try await [silent, stalled, stalledPeer] { #expect(outcome.hasPrefix("closed after")) }
    try await fixture.expect("proglog_port_silent_connections_total")
    try await fixture.expectRefusal("rpc", "timed_out")
    try await fixture.expectRefusal("peer", "timed_out")
    let gossip = LogdProcess.logLine("gossips", in: fixture.node.child.errors)?["address"]
    #expect(try await fixture.handshake(fixture.root, at: gossip ?? "").hasPrefix("refused"))
    try await eventually("gossip has counted what is none") {
      let metrics = try await run(
        "/usr/bin/curl", ["-sS", "--max-time", "60", "http://\(fixture.node.opsAddress)/metrics"])
      return metrics.output.split(separator: "\n").contains {
        $0.hasPrefix("proglog_gossip_refused_total{") && !$0.hasSuffix(" 0")
      } ? () : nil
    }
    #expect(try await fixture.node.stop() == 0)
  }

  /// As many as may wait until they say who they are: for whoever comes then the oldest is closed.
  private static let crowd = 10_000

  @Test("of 10,000 connections those that say nothing are closed, and the one that does is served meanwhile")
  func crowd() async throws {
    let fixture = try await Fixture()
    let crowd = try ChildProcess(
      Python.path,
      ["\(Python.scripts)/tls_probe.py", "crowd", "127.0.0.1", fixture.port(fixture.node.rpcAddress), "\(Self.crowd)"])
    try await eventually("the crowd is there") { crowd.output.contains("opened \(Self.crowd)") ? () : nil }
    #expect(try await fixture.handshake(fixture.root).hasPrefix("accepted"))
    #expect(try await fixture.post(fixture.root).text.hasSuffix(" 200"))
    #expect(try await crowd.ended(within: .seconds(120)) == 0)
    #expect(crowd.output.hasSuffix("left 0\n"))
    try await fixture.expect("proglog_port_silent_connections_total", atLeast: 9_000)
    #expect(try await fixture.node.stop() == 0)
  }

  @Test("grpcio with proglog's stubs works with certificates that logctl made")
  func grpcio() async throws {
    let fixture = try await Fixture()
    let stubs = try TemporaryDirectory()
    let generated = try await run(
      Python.path,
      [
        "-m", "grpc_tools.protoc", "-I", Python.scripts, "--python_out", stubs.path, "--grpc_python_out", stubs.path,
        "\(Python.scripts)/proglog.proto",
      ])
    try #require(generated.status == 0, "\(generated.errors)")
    let tls = fixture.root
    let client = try await run(
      Python.path,
      [
        "\(Python.scripts)/proglog_client.py", fixture.node.rpcAddress, stubs.path, tls.authorities, tls.certificate,
        tls.key,
      ])
    #expect(client.status == 0, "\(client.output)\(client.errors)")
    #expect(client.output.split(separator: "\n").count == 9)
    let verified = try await run(
      "/usr/bin/openssl", ["verify", "-x509_strict", "-CAfile", tls.authorities, tls.certificate])
    #expect(verified.status == 0, "\(verified.errors)")
    #expect(try await fixture.node.stop() == 0)
  }
}
