import Crypto
import FoundationEssentials
import X509

@testable import Certificates

/// Certificates for tests, all made at one time.
enum Fixture {
  /// Of the certificates of a test that asks nobody else what time it is.
  static let now = Date(timeIntervalSince1970: 1_800_000_000)
  static let day: TimeInterval = 24 * 60 * 60

  static func authority(_ name: String = "Test CA", now: Date = now) throws -> CertificateAuthority {
    try CertificateAuthority(creating: name, now: now)
  }

  /// What a profile needs, for a process on this machine.
  static func request(
    _ profile: CertificateProfile, _ name: String? = nil, lifetime: Duration = Lifetime.leaf
  ) throws -> CertificateRequest {
    try CertificateRequest(
      profile: profile, name: name ?? "\(profile.rawValue)-1",
      names: profile.isForServing ? [.init(dns: "localhost"), .init(ip: "127.0.0.1"), .init(ip: "::1")] : [],
      lifetime: lifetime)
  }

  /// What one end of TLS needs, without files.
  static func material(
    _ profile: CertificateProfile, _ name: String? = nil, from authority: CertificateAuthority,
    trusting authorities: [CertificateAuthority]? = nil, issuedAt: Date = now, now: Date = now
  ) async throws -> TLSMaterial {
    let issued = try authority.issue(request(profile, name), now: issuedAt)
    let trust = try TrustBundle((authorities ?? [authority]).map(\.certificate))
    return try await TLSMaterial(
      certificate: issued.certificateText(), key: issued.privateKeyText(), trust: trust.text(), sources: sources,
      profile: profile, now: now)
  }

  static let sources = TLSSources(certificate: "tls.crt", key: "tls.key", trust: "ca.crt")

  /// A certificate as nobody here makes one.
  static func oddity(
    subject: DistinguishedName, authority: CertificateAuthority? = nil, now: Date = now,
    @ExtensionsBuilder extensions: () throws -> Result<Certificate.Extensions, any Error>
  ) throws -> Certificate {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    return try Certificate(
      version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: now - day,
      notValidAfter: now + day, issuer: authority?.certificate.subject ?? subject, subject: subject,
      extensions: Certificate.Extensions(builder: extensions), issuerPrivateKey: authority?.privateKey ?? key)
  }
}
