import Certificates
import FoundationEssentials
import NIOCore
import TestSupport
import Testing

/// Real handshakes on loopback, in which each side has what it has and says what it thinks of the other.
@Suite struct HandshakeTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// What the server wants of a client, and the client of the server.
    var wanted = TLSContexts.Caller.client
    var wantedOfServer = CertificateProfile.server
    var client = CertificateProfile.client
    var server = CertificateProfile.node
    var clientIsForeign = false
    var serverIsForeign = false
    /// How many days after their making the handshake is: seen by the server, then by the client.
    var daysForServer = 0.0
    var daysForClient = 0.0
    var serverName = "localhost"
    /// The labels of what the server and the client say; nil where they are content.
    var serverSays: String?
    var clientSays: String?
  }

  static let cases = [
    Case(testDescription: "a client calls"),
    Case(testDescription: "a node calls as a client", client: .node),
    Case(testDescription: "an administrator calls", client: .admin),
    Case(testDescription: "by IPv4 address", serverName: "127.0.0.1"),
    Case(testDescription: "by IPv6 address", serverName: "::1"),
    Case(testDescription: "a node calls a node", wanted: .node, wantedOfServer: .node, client: .node),
    Case(
      testDescription: "a client calls where nodes do", wanted: .node, wantedOfServer: .node,
      serverSays: "wrong_profile",
      clientSays: "refused_by_peer"),
    Case(
      testDescription: "an administrator calls where nodes do", wanted: .node, client: .admin,
      serverSays: "wrong_profile", clientSays: "refused_by_peer"),
    Case(
      testDescription: "a node calls a server that is none", wanted: .node, wantedOfServer: .node, client: .node,
      server: .server, serverSays: "refused_by_peer", clientSays: "wrong_profile"),
    Case(
      testDescription: "a foreign client", clientIsForeign: true, serverSays: "unknown_issuer",
      clientSays: "refused_by_peer"),
    Case(
      testDescription: "a foreign node", wanted: .node, client: .node, clientIsForeign: true,
      serverSays: "unknown_issuer", clientSays: "refused_by_peer"),
    Case(
      testDescription: "a foreign server", serverIsForeign: true, serverSays: "refused_by_peer",
      clientSays: "unknown_issuer"),
    Case(
      testDescription: "an expired client", daysForServer: 91, serverSays: "expired", clientSays: "refused_by_peer"),
    Case(
      testDescription: "a client whose time is yet to come", daysForServer: -1, serverSays: "not_yet_valid",
      clientSays: "refused_by_peer"),
    Case(
      testDescription: "an expired server", daysForClient: 91, serverSays: "refused_by_peer", clientSays: "expired"),
    Case(
      testDescription: "another host", serverName: "example.com", serverSays: "refused_by_peer",
      clientSays: "name_mismatch"),
    Case(
      testDescription: "another address", serverName: "127.0.0.2", serverSays: "refused_by_peer",
      clientSays: "name_mismatch"),
  ]

  @Test("each side lets in whom it should, and says why it does not", .timeLimit(.minutes(2)), arguments: cases)
  func handshake(_ test: Case) async throws {
    let ours = try Fixture.authority("Ours")
    let theirs = try Fixture.authority("Theirs")
    // Both trust their own, so that what they have is fine by itself.
    func contexts(_ profile: CertificateProfile, isForeign: Bool, days: Double) async throws -> TLSContexts {
      let authority = isForeign ? theirs : ours
      let material = try await Fixture.material(
        profile, from: authority, trusting: isForeign ? [theirs, ours] : [ours])
      let now = Fixture.now + days * Fixture.day
      return try TLSContexts(material, clock: WallClock { now })
    }
    let server = try await contexts(test.server, isForeign: test.serverIsForeign, days: test.daysForServer)
    let client = try await contexts(test.client, isForeign: test.clientIsForeign, days: test.daysForClient)

    try await EchoServer.with(for: test.wanted, contexts: server) { echo in
      let failure = try await EchoConnection.attempt(
        to: echo.port, client, serverName: test.serverName, requiring: test.wantedOfServer)
      #expect(failure?.label == test.clientSays, "\(failure?.description ?? "content")")
      if let says = test.serverSays {
        let failure = try await eventually("the server says why") { echo.failures.all.first }
        #expect(failure.label == says, "\(failure)")
        #expect(echo.admitted.all.isEmpty)
      } else {
        #expect(echo.failures.all.isEmpty)
        #expect(echo.admitted.all.map(\.role) == [test.client])
        #expect(echo.chains.all == [2])
        #expect(echo.admitted.all.map(\.commonName) == ["\(test.client.rawValue)-1"])
      }
    }
  }

  @Test("who sends something else than TLS, or nothing, is told apart", .timeLimit(.minutes(2)))
  func noTLS() async throws {
    let contexts = try await TLSContexts(
      Fixture.material(.node, from: Fixture.authority()), clock: WallClock { Fixture.now })
    for (bytes, label) in [
      ("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", "not_tls"), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "not_tls"),
      (String(repeating: "\u{1}", count: 64), "not_tls"),
    ] {
      try await EchoServer.with(for: .client, contexts: contexts) { echo in
        let socket = try RawSocket(port: echo.port)
        try socket.send(bytes)
        let failure = try await eventually("the server says why") { echo.failures.all.first }
        #expect(failure.label == label, "\(failure)")
        try await eventually("the connection is closed") { socket.isAtEnd ? true : nil }
      }
    }
  }

  @Test("a handshake that stalls is ended", .timeLimit(.minutes(2)), arguments: ["", "\u{16}\u{3}\u{1}\u{2}"])
  func stalled(begin: String) async throws {
    let contexts = try await TLSContexts(
      Fixture.material(.node, from: Fixture.authority()), clock: WallClock { Fixture.now })
    try await EchoServer.with(for: .client, timeout: .milliseconds(50), contexts: contexts) { echo in
      let socket = try RawSocket(port: echo.port)
      try socket.send(begin)
      let failure = try await eventually("the server says why") { echo.failures.all.first }
      #expect(failure == .timedOut)
      try await eventually("the connection is closed") { socket.isAtEnd ? true : nil }
    }
  }

  @Test("who was let in stays after the time for handshakes is over", .timeLimit(.minutes(2)))
  func admittedStays() async throws {
    let authority = try Fixture.authority()
    let contexts = try await TLSContexts(Fixture.material(.node, from: authority), clock: WallClock { Fixture.now })
    try await EchoServer.with(for: .client, timeout: .seconds(1), contexts: contexts) { echo in
      // On a busy machine it may take some attempts to be in time.
      let connection = try await eventually("a handshake is in time") { () -> EchoConnection? in
        let connection = try await EchoConnection(to: echo.port, contexts)
        do { try await connection.exchange("before") } catch is HandshakeFailure { return nil }
        return connection
      }
      let end = ContinuousClock.now + .milliseconds(1_100)
      try await eventually("the time is over") { ContinuousClock.now > end ? true : nil }
      try await connection.exchange("after")
      try await connection.close()
    }
  }
}
