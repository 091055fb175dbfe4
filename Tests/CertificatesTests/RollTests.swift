import TestSupport
import Testing

@testable import Certificates

/// The key of the authority is changed while everybody talks to everybody: no new connection is refused while neighbouring
/// stages meet, and none that is open ends.
@Suite struct RollTests {
  /// A node or a client, with its files and, if it serves, its server.
  private struct Participant {
    let name: String
    let profile: CertificateProfile
    let files: FilesOnDisk
    let tls: ReloadableTLS

    init(_ name: String, _ profile: CertificateProfile, _ directory: AuthorityDirectory) async throws {
      self.name = name
      self.profile = profile
      files = try FilesOnDisk()
      try Self.reissue(name, profile, directory, files)
      try files.write(directory.trust().text(), files.sources.trust)
      tls = try await ReloadableTLS(files.sources, profile: profile, clock: WallClock { Fixture.now })
    }

    private static func reissue(
      _ name: String, _ profile: CertificateProfile, _ directory: AuthorityDirectory, _ files: FilesOnDisk
    ) throws {
      let pair = KeyPairFiles(certificate: files.sources.certificate, key: files.sources.key)
      _ = try directory.issue(Fixture.request(profile, name), to: pair, now: Fixture.now, overwrites: true)
    }

    /// Takes what has changed: the bundle, or its own certificate.
    func takeBundle(_ directory: AuthorityDirectory) async throws {
      try files.write(directory.trust().text(), files.sources.trust)
      try await reload()
    }

    func takeCertificate(_ directory: AuthorityDirectory) async throws {
      try Self.reissue(name, profile, directory, files)
      try await reload()
    }

    private func reload() async throws {
      guard case .replaced = await tls.reload(.asked) else {
        throw NeverHappened(description: "\(name) did not take what has changed")
      }
    }
  }

  @Test("no connection is refused or dropped in any stage", .timeLimit(.minutes(5)))
  func roll() async throws {
    let temporary = try TemporaryDirectory()
    let directory = AuthorityDirectory(temporary.file("certs"))
    _ = try directory.create(name: "Ours", now: Fixture.now)
    let old = try directory.authority()
    let (n1, n2) = (try await Participant("n1", .node, directory), try await Participant("n2", .node, directory))
    let client = try await Participant("c1", .client, directory)
    let everybody = [n1, n2, client]

    try await EchoServer.with(for: .node, contexts: n1.tls.current) { peer1 in
      try await EchoServer.with(for: .node, contexts: n2.tls.current) { peer2 in
        try await EchoServer.with(for: .client, contexts: n1.tls.current) { api1 in
          let routes: [(Participant, EchoServer, CertificateProfile)] = [
            (n1, peer2, .node), (n2, peer1, .node), (client, api1, .server), (n2, api1, .node),
          ]
          var open: [EchoConnection] = []
          for (caller, server, wanted) in routes {
            open.append(try await EchoConnection(to: server.port, caller.tls.current, requiring: wanted))
          }
          func check(_ stage: String) async throws {
            for (caller, server, wanted) in routes {
              let failure = try await EchoConnection.attempt(
                to: server.port, caller.tls.current, requiring: wanted)
              #expect(failure == nil, "\(caller.name), \(stage): \(failure?.description ?? "")")
            }
            for connection in open { try await connection.exchange(stage) }
          }
          try await check("before")

          _ = try directory.startRoll(name: "Ours", now: Fixture.now)
          for one in everybody {
            try await one.takeBundle(directory)
            try await check("\(one.name) trusts both")
          }
          _ = try directory.switchRoll()
          for one in everybody {
            try await one.takeCertificate(directory)
            try await check("\(one.name) has a certificate of the new authority")
          }
          _ = try directory.finishRoll()
          for one in everybody {
            try await one.takeBundle(directory)
            try await check("\(one.name) trusts the new authority only")
          }

          // And then the old one is good for nothing.
          let stale = try await TLSContexts(
            Fixture.material(.node, from: old, trusting: [old, try directory.authority()]),
            clock: WallClock { Fixture.now })
          let failure = try await EchoConnection.attempt(to: peer1.port, stale, requiring: .node)
          #expect(failure?.label == "refused_by_peer")
          #expect(peer1.failures.all.map(\.label) == ["unknown_issuer"])
          #expect(peer2.failures.all.isEmpty && api1.failures.all.isEmpty)
          for connection in open { try await connection.close() }
        }
      }
    }
  }
}
