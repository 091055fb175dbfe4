import FoundationEssentials
import NIOSSL
import TestSupport
import Testing

@testable import ProgLogClient

@Suite("The client over TLS", .timeLimit(.minutes(1)))
struct TLSTests {
  /// Two authorities, and a certificate of each: of `ca` for a server called localhost and a client, of `other` for a client.
  private struct Certificates {
    let directory: TemporaryDirectory

    init() async throws {
      directory = try TemporaryDirectory()
      for authority in ["ca", "other"] {
        try await openssl(
          "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=\(authority)"
            + " -keyout \(authority).key -out \(authority).pem")
      }
      for (name, authority) in [("localhost", "ca"), ("client", "ca"), ("stranger", "other")] {
        try await openssl(
          "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=\(name) -addext subjectAltName=DNS:\(name)"
            + " -keyout \(name).key -out \(name).csr")
        try await openssl(
          "x509 -req -in \(name).csr -CA \(authority).pem -CAkey \(authority).key -CAcreateserial -days 2"
            + " -copy_extensions copy -out \(name).pem")
      }
    }

    private func openssl(_ arguments: String) async throws {
      // Arguments with a dot are files.
      let words = arguments.split(separator: " ").map { $0.contains(".") ? directory.file(String($0)) : String($0) }
      let result = try await run("/usr/bin/openssl", words, within: .seconds(20))
      try #require(result.status == 0, "\(result.errors)")
    }

    func file(_ name: String) -> String { directory.file(name) }

    /// Asks for a client's certificate of `ca`.
    func server() throws -> NIOSSLContext {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMFile(file("localhost.pem")).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: file("localhost.key"), format: .pem)))
      configuration.applicationProtocols = ["h2"]
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .file(file("ca.pem"))
      return try NIOSSLContext(configuration: configuration)
    }

    func client(_ name: String, authorities: String = "ca", serverName: String = "localhost") -> ClientSecurity {
      .tls(
        TLSFiles(
          authorities: file("\(authorities).pem"), certificate: file("\(name).pem"), privateKey: file("\(name).key"),
          serverName: serverName))
    }

    func replace(_ name: String, by other: String) throws {
      for kind in ["key", "pem"] {
        let contents = try Data(contentsOf: URL(filePath: file("\(other).\(kind)")))
        try contents.write(to: URL(filePath: file("\(name).\(kind)")), options: .atomic)
      }
    }
  }

  @Test("calls go over mutual TLS, to a server that is known by another name than its address")
  func mutual() async throws {
    let certificates = try await Certificates()
    let log = FakeLog()
    try await log.serve(tls: certificates.server(), security: certificates.client("client")) { client in
      let offset = try await client.produce([1])
      #expect(offset == 0)
      let value = try await client.consume(at: 0).value
      #expect(value == [1])
    }
  }

  @Test(
    "a server of another authority, one with another name, and a client of another authority get no call through",
    arguments: [("client", "other", "localhost"), ("client", "ca", "elsewhere"), ("stranger", "ca", "localhost")])
  func refused(name: String, authorities: String, serverName: String) async throws {
    let certificates = try await Certificates()
    let log = FakeLog()
    let security = certificates.client(name, authorities: authorities, serverName: serverName)
    try await log.serve(timeout: .seconds(2), tls: certificates.server(), security: security) { client in
      let error = await #expect(throws: ProgLogError.self) { try await client.produce([1]) }
      guard case .deadlineExceeded = error else {
        Issue.record("\(String(describing: error))")
        return
      }
    }
    #expect(log.state.values.isEmpty)
  }

  @Test("files that are replaced are used, without a new client")
  func reload() async throws {
    let certificates = try await Certificates()
    let log = FakeLog()
    try await log.serve(tls: certificates.server(), security: certificates.client("stranger")) { client in
      async let offset = client.produce([1])
      try certificates.replace("stranger", by: "client")
      let first = try await offset
      #expect(first == 0)
      // Half of a change is none.
      try Data("-----BEGIN".utf8).write(to: URL(filePath: certificates.file("stranger.pem")))
      _ = try await client.servers()
      client.cluster.pool.reloadMaterial()
      let second = try await client.produce([2])
      #expect(second == 1)
    }
  }

  @Test("a file that cannot be used is named")
  func files() async throws {
    let certificates = try await Certificates()
    var configuration = ClientConfiguration(seeds: [try NodeAddress(parsing: "127.0.0.1:1")])
    configuration.security = certificates.client("nobody")
    let missing = #expect(throws: ProgLogError.self) { try ProgLogClient(configuration) }
    #expect(
      missing == .invalidTLS(file: certificates.file("nobody.pem"), reason: "there is no such file"),
      "\(String(describing: missing))")
  }
}
