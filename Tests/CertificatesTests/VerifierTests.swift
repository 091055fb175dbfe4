import FoundationEssentials
import Testing
import X509

@testable import Certificates

@Suite struct VerifierTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var profile = CertificateProfile.node
    var wanted = CertificateProfile.node
    var isForeign = false
    var seconds: TimeInterval = 0
    var name: String?
    /// The label of the error; nil where it is believed.
    var label: String?
  }

  static let cases = [
    Case(testDescription: "a node as a node"),
    Case(testDescription: "a node as a server", wanted: .server),
    Case(testDescription: "a node as a client", wanted: .client),
    Case(testDescription: "a node as an admin", wanted: .admin, label: "wrong_profile"),
    Case(testDescription: "a server as a server", profile: .server, wanted: .server),
    Case(testDescription: "a server as a node", profile: .server, label: "wrong_profile"),
    Case(testDescription: "a server as a client", profile: .server, wanted: .client, label: "wrong_profile"),
    Case(testDescription: "a client as a client", profile: .client, wanted: .client),
    Case(testDescription: "a client as a node", profile: .client, label: "wrong_profile"),
    Case(testDescription: "a client as a server", profile: .client, wanted: .server, label: "wrong_profile"),
    Case(testDescription: "a client as an admin", profile: .client, wanted: .admin, label: "wrong_profile"),
    Case(testDescription: "an admin as an admin", profile: .admin, wanted: .admin),
    Case(testDescription: "an admin as a client", profile: .admin, wanted: .client),
    Case(testDescription: "an admin as a node", profile: .admin, label: "wrong_profile"),
    Case(testDescription: "an admin as a server", profile: .admin, wanted: .server, label: "wrong_profile"),
    Case(testDescription: "of another authority", isForeign: true, label: "unknown_issuer"),
    Case(testDescription: "of another authority and expired", isForeign: true, seconds: 1e8, label: "unknown_issuer"),
    Case(testDescription: "in its last second", seconds: 90 * 86_400),
    Case(testDescription: "a second too late", seconds: 90 * 86_400 + 1, label: "expired"),
    Case(testDescription: "in its first second", seconds: -300),
    Case(testDescription: "a second too early", seconds: -301, label: "not_yet_valid"),
    Case(testDescription: "by its name", name: "localhost"),
    Case(testDescription: "by its name in capitals", name: "LOCALHOST"),
    Case(testDescription: "by its address", name: "127.0.0.1"),
    Case(testDescription: "by its address, written in another way", name: "0:0::0:1"),
    Case(testDescription: "by another name", name: "localhost.example.com", label: "name_mismatch"),
    Case(testDescription: "by its common name", name: "node-1", label: "name_mismatch"),
    Case(testDescription: "by another address", name: "10.0.0.1", label: "name_mismatch"),
    Case(
      testDescription: "a client by its common name", profile: .client, wanted: .client, name: "client-1",
      label: "name_mismatch"),
  ]

  @Test("a chain is believed, or the reason is told", arguments: cases)
  func verify(_ test: Case) async throws {
    let ours = try Fixture.authority("Ours", now: Fixture.now - Fixture.day)
    let theirs = try Fixture.authority("Theirs", now: Fixture.now - Fixture.day)
    let issued = try (test.isForeign ? theirs : ours).issue(Fixture.request(test.profile), now: Fixture.now)
    let verifier = CertificateVerifier(trust: try TrustBundle([ours.certificate]))
    let requirement = PeerRequirement(test.wanted, serverName: test.name.map { ServerName($0) })
    do {
      let chain = try await verifier.verify([issued.certificate], for: requirement, now: Fixture.now + test.seconds)
      #expect(test.label == nil)
      #expect(chain.certificates == [issued.certificate, ours.certificate])
      #expect(chain.identity.role == test.profile)
    } catch {
      #expect(error.label == test.label, "\(error)")
    }
  }

  @Test("any authority of a bundle will do, and what a peer adds makes no other one")
  func bundles() async throws {
    let old = try Fixture.authority("Ours")
    let new = try Fixture.authority("Ours")
    let foreign = try Fixture.authority("Foreign")
    let verifier = CertificateVerifier(trust: try TrustBundle([old.certificate, new.certificate]))
    for authority in [old, new] {
      let leaf = try authority.issue(Fixture.request(.node), now: Fixture.now).certificate
      let chain = try await verifier.verify([leaf], for: PeerRequirement(.node), now: Fixture.now)
      #expect(chain.certificates.last == authority.certificate)
    }
    let leaf = try foreign.issue(Fixture.request(.node), now: Fixture.now).certificate
    let error = await #expect(throws: VerificationError.self) {
      try await verifier.verify([leaf, foreign.certificate], for: PeerRequirement(.node), now: Fixture.now)
    }
    #expect(error?.label == "unknown_issuer")
  }

  @Test("who has an authority's name has not its key")
  func sameName() async throws {
    let ours = try Fixture.authority()
    let leaf = try Fixture.oddity(subject: DistinguishedName { CommonName("n1") }, authority: nil) {
      try ExtendedKeyUsage([.serverAuth, .clientAuth])
    }
    // Names our authority as its issuer, and is signed by another key.
    let forged = try Certificate(
      version: .v3, serialNumber: .init(), publicKey: leaf.publicKey, notValidBefore: leaf.notValidBefore,
      notValidAfter: leaf.notValidAfter, issuer: ours.certificate.subject, subject: leaf.subject,
      extensions: leaf.extensions, issuerPrivateKey: Fixture.authority().privateKey)
    let verifier = CertificateVerifier(trust: try TrustBundle([ours.certificate]))
    let error = await #expect(throws: VerificationError.self) {
      try await verifier.verify([forged], for: PeerRequirement(.client), now: Fixture.now)
    }
    #expect(error?.label == "unknown_issuer")
  }

  @Test("a leaf signs nothing, and an authority identifies nobody")
  func authoritiesAndLeaves() async throws {
    let ours = try Fixture.authority()
    let node = try ours.issue(Fixture.request(.node), now: Fixture.now)
    let verifier = CertificateVerifier(trust: try TrustBundle([ours.certificate]))
    let impostor = try CertificateAuthority(
      certificate: node.certificate, privateKey: node.privateKey
    ).issue(Fixture.request(.node), now: Fixture.now)
    let chains: [([Certificate], String)] = [
      ([impostor.certificate, node.certificate], "invalid"), ([impostor.certificate], "unknown_issuer"),
      ([ours.certificate], "unusable"), ([], "no_certificate"),
      (Array(repeating: node.certificate, count: 9), "too_many_certificates"),
    ]
    for (chain, label) in chains {
      let error = await #expect(throws: VerificationError.self) {
        try await verifier.verify(chain, for: PeerRequirement(.node), now: Fixture.now)
      }
      #expect(error?.label == label, "\(error.debugDescription)")
    }
  }

  @Test("a key belongs to one certificate")
  func keys() throws {
    let authority = try Fixture.authority()
    let one = try authority.issue(Fixture.request(.client), now: Fixture.now)
    let other = try authority.issue(Fixture.request(.client), now: Fixture.now)
    try CertificateVerifier.check(one.privateKey, belongsTo: one.certificate)
    #expect(throws: VerificationError.keyMismatch(subject: "CN=client-1")) {
      try CertificateVerifier.check(one.privateKey, belongsTo: other.certificate)
    }
  }
}
