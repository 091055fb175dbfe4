import FoundationEssentials
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ProgLogAPI
import RPCServer
import SwiftProtobuf
import Synchronization
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

    /// The same as ``client(_:authorities:serverName:)``, from memory.
    func contents(
      _ name: String, authorities: String = "ca", serverName: String? = "localhost"
    ) throws -> ClientSecurity {
      func text(_ file: String) throws -> String { try String(contentsOfFile: self.file(file), encoding: .utf8) }
      return .contents(
        TLSContents(
          authorities: try text("\(authorities).pem"), certificate: try text("\(name).pem"),
          privateKey: try text("\(name).key"), serverName: serverName))
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

  @Test("certificates in memory do as well as those in files, and a key in them is not described")
  func contents() async throws {
    let certificates = try await Certificates()
    let log = FakeLog()
    let security = try certificates.contents("client")
    try await log.serve(tls: certificates.server(), security: security) { client in
      let offset = try await client.produce([1])
      #expect(offset == 0)
    }
    var dumped = ""
    dump(security, to: &dumped)
    for text in ["\(security)", "\(String(reflecting: security))", dumped] {
      #expect(text.contains("localhost") && !text.contains("PRIVATE KEY"), "\(text)")
    }
  }

  @Test("an administrator reaches a node by its IP address, and verifies and calls it by its name")
  func administration() async throws {
    let certificates = try await Certificates()
    let authorities = Mutex<[String?]>([])
    let status = RPCMethod.unary("/proglog.admin.v1.Admin/GetStatus") { _, call in
      authorities.withLock { $0.append(call.authority) }
      var response = Proglog_Admin_V1_GetStatusResponse()
      response.node.id = "n1"
      response.state = .follower
      call.respond(ByteBuffer(bytes: (try? response.serializedBytes() as [UInt8]) ?? []))
    }
    let server = RPCServer(
      router: RPCRouter([status]), eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Logger(label: "test"))
    let tls = try certificates.server()
    let bound = try await server.start { server, channel in
      try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
      try server.attach(to: channel)
    }
    let address = try NodeAddress(parsing: "127.0.0.1:\(bound[0].port ?? 0)")
    let admin = AdminClient(timeout: .seconds(30), security: try certificates.contents("client"))
    let report = try await admin.status(of: address)
    #expect(report.identity.name == "n1")
    #expect(authorities.withLock { $0 } == ["localhost"])
    // By its address the certificate does not know it.
    var unnamed = admin
    unnamed.timeout = .seconds(2)
    unnamed.security = try certificates.contents("client", serverName: nil)
    await #expect(throws: AdminError.self) { try await unnamed.status(of: address) }
    #expect(authorities.withLock { $0.count } == 1)
    try await server.shutdown(deadline: .now())
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

  @Test("text that is no PEM is refused when the client is to connect, and said to be text")
  func nonsense() async throws {
    let admin = AdminClient(
      timeout: .seconds(5), security: .contents(TLSContents(certificate: "no", privateKey: "pem")))
    let error = await #expect(throws: AdminError.self) {
      try await admin.status(of: try NodeAddress(parsing: "127.0.0.1:1"))
    }
    guard case .failed(.invalidTLS(let source, _)) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(source == "what was given as PEM text")
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
