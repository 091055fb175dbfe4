import Foundation
import TestSupport
import Testing

@testable import Certificates

/// What OpenSSL thinks of our certificates and of our servers.
@Suite(.enabled(if: OpenSSL.isAvailable, "\(OpenSSL.requirement)")) struct OpenSSLTests {
  @Test("OpenSSL believes every profile, strictly", arguments: CertificateProfile.allCases)
  func verify(profile: CertificateProfile) async throws {
    let files = try FilesOnDisk()
    let authority = try Fixture.authority()
    try files.write(authority.issue(Fixture.request(profile), now: Fixture.now), trusting: [authority])
    let at = "\(Int(Fixture.now.timeIntervalSince1970))"
    let common = ["verify", "-x509_strict", "-CAfile", files.sources.trust, "-attime", at]
    let purposes = [("sslserver", profile.isForServing), ("sslclient", profile.isForCalling)]
    for (purpose, isGood) in purposes {
      let result = try await OpenSSL.run(common + ["-purpose", purpose, files.sources.certificate])
      #expect((result.status == 0) == isGood, "\(purpose): \(result.text)")
    }
    for option in [["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"], ["-verify_ip", "::1"]] {
      let result = try await OpenSSL.run(common + option + [files.sources.certificate])
      #expect((result.status == 0) == profile.isForServing, "\(option): \(result.text)")
    }
    let root = try await OpenSSL.run([
      "verify", "-x509_strict", "-attime", at, "-CAfile", files.sources.trust, files.sources.trust,
    ])
    #expect(root.status == 0, "\(root.text)")
  }

  @Test(
    "OpenSSL refuses what is not valid yet, and not any more",
    arguments: [(-301, true), (-299, false), (90 * 86_400 - 1, false), (90 * 86_400 + 1, true)]
      as [(TimeInterval, Bool)])
  func dates(seconds: TimeInterval, isRefused: Bool) async throws {
    let files = try FilesOnDisk()
    let authority = try Fixture.authority(now: Fixture.now - 2 * Fixture.day)
    try files.write(authority.issue(Fixture.request(.client), now: Fixture.now), trusting: [authority])
    let at = "\(Int(Fixture.now.timeIntervalSince1970 + seconds))"
    let result = try await OpenSSL.run(
      ["verify", "-x509_strict", "-CAfile", files.sources.trust, "-attime", at, files.sources.certificate])
    #expect((result.status != 0) == isRefused, "\(result.text)")
  }

  @Test("a leaf reads in OpenSSL as it was meant")
  func leafText() async throws {
    let issued = try Fixture.authority().issue(Fixture.request(.node, "n1"), now: Fixture.now)
    let text = try await OpenSSL.run(["x509", "-text", "-noout"], input: issued.certificateText()).text
    for line in [
      "Version: 3 (0x2)", "Signature Algorithm: ecdsa-with-SHA256", "Not Before: Jan 15 07:55:00 2027 GMT",
      "Not After : Apr 15 08:00:00 2027 GMT", "Subject: CN = n1", "ASN1 OID: prime256v1",
      "X509v3 Basic Constraints: critical\n                CA:FALSE",
      "X509v3 Key Usage: critical\n                Digital Signature\n",
      "X509v3 Extended Key Usage: \n                TLS Web Server Authentication, TLS Web Client Authentication\n",
      "URI:proglog:node, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1\n",
      "X509v3 Subject Key Identifier:", "X509v3 Authority Key Identifier:",
    ] { #expect(text.contains(line), "no '\(line)' in\n\(text)") }
  }

  @Test("an authority reads in OpenSSL as it was meant")
  func authorityText() async throws {
    let text = try await OpenSSL.run(["x509", "-text", "-noout"], input: Fixture.authority("Ours").certificateText())
      .text
    for line in [
      "Not Before: Jan 15 07:55:00 2027 GMT", "Not After : Jan 15 08:00:00 2037 GMT", "Subject: CN = Ours ",
      "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
      "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n", "X509v3 Subject Key Identifier:",
    ] { #expect(text.contains(line), "no '\(line)' in\n\(text)") }
  }

  @Test(
    "keys and certificates of OpenSSL are read",
    arguments: [
      ["ecparam", "-name", "prime256v1", "-genkey"], ["ecparam", "-name", "secp384r1", "-genkey", "-noout"],
      ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], ["genpkey", "-algorithm", "ED25519"],
      ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ])
  func foreignKeys(arguments: [String]) async throws {
    let directory = try TemporaryDirectory()
    let key = directory.file("key.pem")
    #expect(try await OpenSSL.run(arguments + ["-out", key]).status == 0)
    // With the text that -text puts before the certificate.
    let made = try await OpenSSL.run(
      [
        "req", "-x509", "-key", key, "-subj", "/CN=theirs", "-days", "30", "-text", "-addext",
        "keyUsage=critical,digitalSignature,keyCertSign", "-addext", "extendedKeyUsage=clientAuth",
      ])
    #expect(made.status == 0, "\(made.text)")
    let privateKey = try CertificateFiles.privateKey(key)
    let certificates = try PEM.certificates(in: made.text)
    #expect(certificates.count == 1)
    try CertificateVerifier.check(privateKey, belongsTo: certificates[0])
    #expect(try TrustBundle(certificates).authorities.count == 1)
  }

  struct Client: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let options: [String]
    /// What s_client prints, and what the server says when it refuses.
    let prints: [String]
    var refusal: String?
    var caller = TLSContexts.Caller.client
  }

  static let clients = [
    Client(
      testDescription: "TLS 1.3", options: ["-tls1_3"],
      prints: ["New, TLSv1.3, Cipher is TLS_", "Verify return code: 0 (ok)", "ALPN protocol: h2"]),
    Client(
      testDescription: "TLS 1.2", options: ["-tls1_2"],
      prints: ["New, TLSv1.2, Cipher is ECDHE-ECDSA-", "Verify return code: 0 (ok)", "ALPN protocol: h2"]),
    Client(
      testDescription: "HTTP", options: ["-tls1_3", "-alpn", "h2,http/1.1"],
      prints: ["Verify return code: 0 (ok)", "ALPN protocol: http/1.1"], caller: .httpClient),
    Client(
      testDescription: "TLS 1.1", options: ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"],
      prints: ["alert protocol version"], refusal: "unsupported_version"),
    Client(
      testDescription: "TLS 1.0", options: ["-tls1", "-cipher", "DEFAULT@SECLEVEL=0"],
      prints: ["alert protocol version"], refusal: "unsupported_version"),
    Client(
      testDescription: "a suite without authenticated encryption",
      options: ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"], prints: ["handshake failure"],
      refusal: "no_shared_cipher"),
    Client(
      testDescription: "a suite without forward secrecy", options: ["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
      prints: ["handshake failure"], refusal: "no_shared_cipher"),
  ]

  @Test(
    "openssl s_client speaks TLS 1.2 and 1.3 with our server, and nothing older", .timeLimit(.minutes(2)),
    arguments: clients)
  func client(_ client: Client) async throws {
    let now = Date()
    let authority = try Fixture.authority(now: now)
    let contexts = try await TLSContexts(Fixture.material(.node, from: authority, issuedAt: now, now: now))
    let files = try FilesOnDisk()
    try files.write(authority.issue(Fixture.request(.client), now: now), trusting: [authority])
    try await EchoServer.with(for: client.caller, contexts: contexts) { server in
      let text = try await connect(files, server.port, client.options)
      for line in client.prints { #expect(text.contains(line), "no '\(line)' in\n\(text)") }
      if let refusal = client.refusal {
        let failure = try await eventually("the server says why") { server.failures.all.first }
        #expect(failure.label == refusal, "\(failure)")
      } else {
        #expect(try await eventually("the server has read") { server.admitted.all.first }.commonName == "client-1")
      }
    }
  }

  @Test(
    "openssl s_client without certificate is refused", .timeLimit(.minutes(2)),
    arguments: [
      ("-tls1_2", "handshake failure"), ("-tls1_3", "certificate required"),
    ])
  func noCertificate(version: String, alert: String) async throws {
    let now = Date()
    let authority = try Fixture.authority(now: now)
    let contexts = try await TLSContexts(Fixture.material(.node, from: authority, issuedAt: now, now: now))
    try await EchoServer.with(for: .client, contexts: contexts) { server in
      let text = try await OpenSSL.run(
        ["s_client", "-connect", "127.0.0.1:\(server.port)", version, "-ign_eof"], input: "hello\n"
      ).text
      #expect(text.contains(alert), "\(text)")
      #expect(try await eventually("the server says why") { server.failures.all.first } == .noCertificate)
    }
  }

  @Test("a session that is resumed is admitted as long as its certificate is valid", .timeLimit(.minutes(2)))
  func resumption() async throws {
    let start = Date()
    let clock = Box(start)
    let authority = try Fixture.authority(now: start)
    let contexts = try await TLSContexts(
      Fixture.material(.node, from: authority, issuedAt: start, now: start), clock: WallClock { clock.value })
    let files = try FilesOnDisk()
    try files.write(
      authority.issue(Fixture.request(.client, lifetime: .seconds(3600)), now: start), trusting: [authority])
    let session = files.directory.file("session")
    try await EchoServer.with(for: .client, contexts: contexts) { server in
      let first = try await connect(files, server.port, ["-tls1_2", "-sess_out", session])
      #expect(first.contains("New, TLSv1.2"))
      let second = try await connect(files, server.port, ["-tls1_2", "-sess_in", session])
      #expect(second.contains("Reused, TLSv1.2"), "\(second)")
      try await eventually("both are admitted") { server.admitted.all.count == 2 ? true : nil }
      #expect(server.failures.all.isEmpty)
      #expect(server.chains.all == [2, nil])

      clock.value = start + 3601
      let third = try await connect(files, server.port, ["-tls1_2", "-sess_in", session])
      #expect(third.contains("Reused, TLSv1.2"), "\(third)")
      let failure = try await eventually("the server says why") { server.failures.all.first }
      #expect(failure.label == "expired")
      #expect(server.admitted.all.count == 2)
    }
  }

  /// Runs s_client until a line has come back, or the connection ended.
  ///
  /// - Returns: what it printed. It is ended, and does not end by itself: whoever closes a connection while the server still
  ///   looks at its certificate is gone before he was let in.
  private func connect(_ files: FilesOnDisk, _ port: Int, _ options: [String]) async throws -> String {
    let line = "echo this"
    let client = try ChildProcess(
      OpenSSL.path,
      [
        "s_client", "-connect", "127.0.0.1:\(port)", "-cert", files.sources.certificate, "-key", files.sources.key,
        "-CAfile", files.sources.trust, "-verify_hostname", "localhost", "-alpn", "h2", "-ign_eof",
      ] + options, input: Data("\(line)\n".utf8))
    return try await eventually("s_client is through") {
      let isRunning = client.isRunning
      let text = client.output + client.errors
      return text.contains(line) || !isRunning ? text : nil
    }
  }
}
