import Foundation
import NIOCore
import NIOSSL
import Synchronization
import TestSupport
import Testing

@testable import RPCServer

@Suite("TLS", .timeLimit(.minutes(1)))
struct TLSTests {
  /// An authority, and certificates for a server called localhost and for a client, in files.
  private struct Certificates {
    let directory: TemporaryDirectory

    init() async throws {
      directory = try TemporaryDirectory()
      try await openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=authority -keyout ca.key -out ca.pem"
      )
      for name in ["localhost", "client"] {
        try await openssl(
          "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=\(name) -addext subjectAltName=DNS:\(name)"
            + " -keyout \(name).key -out \(name).csr")
        try await openssl(
          "x509 -req -in \(name).csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -copy_extensions copy -out \(name).pem"
        )
      }
    }

    private func openssl(_ arguments: String) async throws {
      // Arguments with a dot are files.
      let words = arguments.split(separator: " ").map { $0.contains(".") ? directory.file(String($0)) : String($0) }
      let result = try await run("/usr/bin/openssl", words, within: .seconds(20))
      try #require(result.status == 0, "\(result.errors)")
    }

    func file(_ name: String) -> String { directory.file(name) }

    func server(verification: CertificateVerification) throws -> NIOSSLContext {
      var configuration = TLSConfiguration.makeServerConfiguration(
        certificateChain: try NIOSSLCertificate.fromPEMFile(file("localhost.pem")).map { .certificate($0) },
        privateKey: .privateKey(try NIOSSLPrivateKey(file: file("localhost.key"), format: .pem)))
      configuration.applicationProtocols = ["h2"]
      configuration.certificateVerification = verification
      configuration.trustRoots = .file(file("ca.pem"))
      return try NIOSSLContext(configuration: configuration)
    }

    func client(showsCertificate: Bool) throws -> NIOSSLContext {
      var configuration = TLSConfiguration.makeClientConfiguration()
      configuration.applicationProtocols = ["http/1.1", "h2"]
      configuration.trustRoots = .file(file("ca.pem"))
      if showsCertificate {
        configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(file("client.pem")).map { .certificate($0) }
        configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: file("client.key"), format: .pem))
      }
      return try NIOSSLContext(configuration: configuration)
    }
  }

  private static let hello = HTTP2Client.message(Array("hello".utf8))

  /// Runs `body` against a server that speaks TLS and gives to `peers` who has called.
  private func withTLSServer(
    _ context: NIOSSLContext, _ body: (SocketAddress, @escaping @Sendable () -> [RPCPeer]) async throws -> Void
  ) async throws {
    let seen = Peers()
    let note: RPCInterceptor = { call in
      seen.append(call.peer)
      return nil
    }
    try await withServer(
      interceptors: [note],
      onAccept: { server, channel in
        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        try server.attach(to: channel)
      },
      { _, address in try await body(address) { seen.value } })
  }

  private final class Peers: Sendable {
    private let state = Mutex<[RPCPeer]>([])
    var value: [RPCPeer] { state.withLock { $0 } }
    func append(_ peer: RPCPeer) { state.withLock { $0.append(peer) } }
  }

  @Test("a call over TLS is answered, ALPN chooses h2, and a client without certificate shows none")
  func plainTLS() async throws {
    let certificates = try await Certificates()
    try await withTLSServer(certificates.server(verification: .none)) { address, peers in
      let client = try await HTTP2Client.connect(to: address, tls: certificates.client(showsCertificate: false))
      #expect(try await client.call("/test.Echo/Unary", Self.hello).body == Self.hello)
      #expect(client.root.negotiatedProtocol == "h2")
      #expect(peers().map { $0.certificate == nil } == [true])
      #expect(peers().first?.remoteAddress == client.channel.localAddress)
    }
  }

  @Test("with mutual TLS a handler sees the client's certificate")
  func mutualTLS() async throws {
    let certificates = try await Certificates()
    try await withTLSServer(certificates.server(verification: .noHostnameVerification)) { address, peers in
      let client = try await HTTP2Client.connect(to: address, tls: certificates.client(showsCertificate: true))
      #expect(try await client.call("/test.Echo/Unary", Self.hello).status == "0")
      let expected = try #require(NIOSSLCertificate.fromPEMFile(certificates.file("client.pem")).first)
      #expect(try peers().first?.certificate?.toDERBytes() == expected.toDERBytes())
      // Without a certificate there is no call: the server ends the connection.
      let stranger = try await HTTP2Client.connect(to: address, tls: certificates.client(showsCertificate: false))
      try await stranger.channel.closeFuture.get()
      #expect(peers().count == 1)
    }
  }

  @Test("grpcio calls over mutual TLS", .enabled(if: InteropTests.hasPython, InteropTests.noPython))
  func grpcio() async throws {
    let certificates = try await Certificates()
    try await withTLSServer(certificates.server(verification: .noHostnameVerification)) { address, peers in
      try await InteropTests.python(
        "unary", ports: [address], files: ["ca.pem", "client.pem", "client.key"].map { certificates.file($0) })
      #expect(peers().count == 4)
      #expect(peers().allSatisfy { $0.certificate != nil })
    }
  }

  @Test("a TLS handshake that does not go on is cut off")
  func unfinishedHandshake() async throws {
    let certificates = try await Certificates()
    var configuration = RPCServer.Configuration.defaults
    configuration.connection.handshakeTimeout = .milliseconds(100)
    let context = try certificates.server(verification: .none)
    try await withServer(
      configuration,
      onAccept: { server, channel in
        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
        try server.attach(to: channel)
      },
      { _, address in
        let silent = try await SilentClient.connect(to: address)
        // The beginning of a record that holds a ClientHello. On a busy machine its time is over before it is written.
        silent.writeAndFlush(ByteBuffer(bytes: [0x16, 3, 1, 2, 0, 1]), promise: nil)
        try await silent.closeFuture.get()
      })
  }
}
