import Certificates
import FoundationEssentials
import KubernetesClient
import Testing
import X509

@testable import Operator

/// What the operator itself shows to servers.
@Suite struct AdminCertificatesTests {
  private func settled() throws -> CertificateLab {
    var lab = CertificateLab()
    try lab.settle()
    lab.readAll()
    return lab
  }

  @Test("an administrator's certificate for a day, the same until a third of that is left")
  func renewal() async throws {
    var lab = try settled()
    let first = try #require(try lab.admin.credentials(lab.builder, lab.observation))
    let chain = try PEM.certificates(in: first.certificate)
    let verifier = CertificateVerifier(trust: try TrustBundle(pem: first.authorities))
    let identity = try await verifier.verify(
      chain, for: PeerRequirement(.admin), now: Date(seconds: lab.time)
    ).identity
    #expect(identity.commonName == "proglog-operator")
    #expect(identity.notAfter == Date(seconds: lab.time + CertificateLab.day))
    lab.time += 15 * 3600
    #expect(try lab.admin.credentials(lab.builder, lab.observation) == first)
    lab.time += 2 * 3600
    #expect(try lab.admin.credentials(lab.builder, lab.observation) != first)
  }

  @Test("none without TLS, and an error before there is an authority")
  func absent() throws {
    var lab = CertificateLab()
    #expect(throws: CertificateIssuerError.self) { try lab.admin.credentials(lab.builder, lab.observation) }
    lab.mode = .disabled
    #expect(try lab.admin.credentials(lab.builder, lab.observation) == nil)
  }

  @Test("it follows the authority through a roll, and is forgotten with its ProgLog")
  func roll() throws {
    var lab = try settled()
    let first = try #require(try lab.admin.credentials(lab.builder, lab.observation))
    lab.annotations[Names.rollAuthorityAnnotation] = "1"
    try lab.settle()
    let trusting = try #require(try lab.admin.credentials(lab.builder, lab.observation))
    #expect(trusting.certificate == first.certificate)
    #expect(try TrustBundle(pem: trusting.authorities).authorities.count == 2)
    lab.readAll()
    lab.time += 600
    try lab.settle()
    let signing = try #require(try lab.admin.credentials(lab.builder, lab.observation))
    #expect(signing.certificate != first.certificate)
    lab.admin.forget(uid: "uid-of-log")
    #expect(try lab.admin.credentials(lab.builder, lab.observation) != signing)
  }

  @Test("while no authority signs whom all trust, it goes on with what it has")
  func lostAuthority() throws {
    var lab = try settled()
    let first = try #require(try lab.admin.credentials(lab.builder, lab.observation))
    lab.secrets["log-ca"] = nil
    try lab.settle()
    #expect(try lab.admin.credentials(lab.builder, lab.observation)?.certificate == first.certificate)
    #expect(try lab.operatorRefusals() == [])
  }
}
