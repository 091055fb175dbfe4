import Foundation
import TestSupport
import Testing

@testable import Certificates

/// Files that change, and what new and open connections make of it.
@Suite struct ReloadTests {
  private let files: FilesOnDisk
  private let authority: CertificateAuthority

  init() throws {
    files = try FilesOnDisk()
    authority = try Fixture.authority()
    try files.write(issue("n1"), trusting: [authority])
  }

  private func issue(_ name: String) throws -> IssuedCertificate {
    try authority.issue(Fixture.request(.node, name), now: Fixture.now)
  }

  private func load() async throws -> ReloadableTLS {
    try await ReloadableTLS(files.sources, profile: .node, clock: WallClock { Fixture.now })
  }

  private func name(_ tls: ReloadableTLS) -> String? { tls.current.material.identity.commonName }

  @Test("a set that is replaced file by file is never paired across generations")
  func fileByFile() async throws {
    let tls = try await load()
    let second = try issue("n2")
    #expect(await tls.reload(.poll).label == "unchanged")
    try files.write(key: second)
    #expect(await tls.reload(.poll).label == "settling")
    #expect(name(tls) == "n1")
    try files.write(certificate: second)
    #expect(await tls.reload(.poll).label == "replaced")
    #expect(name(tls) == "n2")
    #expect(tls.current.generation == 1)
    #expect(await tls.reload(.asked).label == "unchanged")
  }

  @Test("a wrong set keeps the last good one, and is told once")
  func wrongSet() async throws {
    let tls = try await load()
    try files.write("nonsense", files.sources.trust)
    #expect(await tls.reload(.poll).label == "settling")
    guard case .failed(let error) = await tls.reload(.poll) else {
      Issue.record("the error was not told")
      return
    }
    #expect(error.source == files.sources.trust)
    #expect(await tls.reload(.poll).label == "unchanged")
    #expect(await tls.reload(.asked).label == "failed")
    #expect(name(tls) == "n1")

    try files.write(trusting: [authority, Fixture.authority()])
    #expect(await tls.reload(.poll).label == "replaced")
    #expect(tls.current.material.expiry.authorities.count == 2)
  }

  @Test("a missing file keeps the last good set")
  func missingFile() async throws {
    let tls = try await load()
    try FileManager.default.removeItem(atPath: files.sources.key)
    guard case .failed(let error) = await tls.reload(.asked) else {
      Issue.record("the error was not told")
      return
    }
    #expect(error.description == "\(files.sources.key): cannot open it: no such file or directory")
    #expect(name(tls) == "n1")
  }

  @Test("the old authority cannot be dropped before the leaf is made anew")
  func droppedTooEarly() async throws {
    let tls = try await load()
    try files.write(trusting: [Fixture.authority("Other")])
    guard case .failed(let error) = await tls.reload(.asked), case .leaf(.unknownIssuer) = error.problem else {
      Issue.record("the error was not told")
      return
    }
    #expect(name(tls) == "n1")
  }

  @Test("a first set that is wrong is an error")
  func firstSet() async throws {
    try files.write(key: issue("n2"))
    let error = await #expect(throws: TLSMaterialError.self) { try await load() }
    #expect(error?.problem == .keyMismatch(certificate: files.sources.certificate))
  }

  /// As Kubernetes mounts a Secret: every file is a link through `..data`, which is replaced by a rename.
  @Test("a Secret's volume changes as a whole", .timeLimit(.minutes(2)))
  func secretVolume() async throws {
    let directory = try TemporaryDirectory()
    let sources = TLSSources(
      certificate: directory.file("tls.crt"), key: directory.file("tls.key"), trust: directory.file("ca.crt"))
    func publish(_ generation: Int, _ issued: IssuedCertificate) throws {
      let folder = directory.file("..\(generation)")
      try SmallFile.makeDirectory(folder)
      let texts = [
        "tls.crt": try issued.certificateText(), "tls.key": try issued.privateKeyText(),
        "ca.crt": try authority.certificateText(),
      ]
      for (name, text) in texts { try SmallFile.write(text, to: "\(folder)/\(name)", .secret, overwrites: false) }
      let link = directory.file("..data_tmp")
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "..\(generation)")
      try SmallFile.move(link, to: directory.file("..data"))
    }
    try publish(0, issue("n0"))
    for name in ["tls.crt", "tls.key", "ca.crt"] {
      try FileManager.default.createSymbolicLink(atPath: directory.file(name), withDestinationPath: "..data/\(name)")
    }
    let tls = try await ReloadableTLS(sources, profile: .node, clock: WallClock { Fixture.now })
    #expect(name(tls) == "n0")
    for generation in 1...20 {
      async let outcomes = [tls.reload(.poll), tls.reload(.poll), tls.reload(.poll)]
      try publish(generation, issue("n\(generation)"))
      // Whatever they saw: the old set, the new one, or a mixture of both, which is none.
      _ = await outcomes
      _ = await tls.reload(.poll)
      #expect(name(tls) == "n\(generation)")
    }
  }

  @Test("connections that are open go on with what they have, and new ones get the new set", .timeLimit(.minutes(2)))
  func liveConnections() async throws {
    let tls = try await load()
    let client = try await TLSContexts(
      Fixture.material(.client, from: authority), clock: WallClock { Fixture.now })
    try await EchoServer.with(for: .client, contexts: tls.current) { server in
      var connections: [EchoConnection] = []
      for generation in 1...5 {
        let connection = try await EchoConnection(to: server.port, client)
        try await connection.exchange("first of generation \(generation)")
        connections.append(connection)
        try files.write(issue("n\(generation)"), trusting: [authority])
        #expect(await tls.reload(.asked).label == "replaced")
        for connection in connections { try await connection.exchange("after reload \(generation)") }
      }
      #expect(server.admitted.all.count == 5)
      #expect(server.failures.all.isEmpty)
      for connection in connections { try await connection.close() }
    }
  }

  @Test(
    "the loop looks with every tick, tells what is worth telling, and ends when it is cancelled",
    .timeLimit(.minutes(2)))
  func loop() async throws {
    let tls = try await load()
    let clock = TickClock()
    let told = Recorder<String>()
    let loop = Task { await tls.run(every: .seconds(1), clock: clock) { told.append($0.label) } }
    try await clock.tick()
    try await clock.settle()
    #expect(told.all.isEmpty)
    try files.write(issue("n2"), trusting: [authority])
    try await clock.tick()
    try await clock.settle()
    #expect(told.all == ["replaced"])
    try files.write("nonsense", files.sources.certificate)
    for _ in 1...4 {
      try await clock.tick()
      try await clock.settle()
    }
    #expect(told.all == ["replaced", "failed"])
    #expect(name(tls) == "n2")
    loop.cancel()
    await loop.value
  }
}

extension ReloadOutcome {
  var label: String {
    switch self {
    case .unchanged: "unchanged"
    case .settling: "settling"
    case .replaced: "replaced"
    case .failed: "failed"
    }
  }
}
