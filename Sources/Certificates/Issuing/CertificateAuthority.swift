import Crypto
package import FoundationEssentials
package import X509

/// Somebody who says who others are: a certificate that signs certificates, and its key (P-256).
///
/// One level only: what it signs cannot sign (path length 0), so that a stolen leaf key makes no further identities.
package struct CertificateAuthority: Sendable {
  package let certificate: Certificate
  let privateKey: Certificate.PrivateKey

  /// A new one, with a new key.
  ///
  /// - Parameters:
  ///   - name: of its subject. The first bytes of the key's identifier follow it, so that in a roll the old and the new
  ///     authority have different names, for people and for those who look for an issuer by its name.
  ///   - now: when it is made.
  package init(creating name: String, lifetime: Duration = Lifetime.authority, now: Date) throws(IssuingError) {
    guard lifetime >= .seconds(1) else { throw .invalidLifetime(lifetime) }
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    let identifier = SubjectKeyIdentifier(hash: key.publicKey)
    let fullName = "\(name) \(Hexadecimal.text(identifier.keyIdentifier.prefix(4)))"
    try SubjectName.validate(fullName)
    do {
      let subject = try DistinguishedName { CommonName(fullName) }
      self.certificate = try Certificate(
        version: .v3, serialNumber: CertificateAuthority.serialNumber(), publicKey: key.publicKey,
        notValidBefore: now - Lifetime.backdating.timeInterval, notValidAfter: now + lifetime.timeInterval,
        issuer: subject, subject: subject,
        extensions: Certificate.Extensions {
          Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
          Critical(KeyUsage(keyCertSign: true, cRLSign: true))
          identifier
        }, issuerPrivateKey: key)
    } catch { throw .failed("\(error)") }
    self.privateKey = key
  }

  /// The authority of a bundle that a key belongs to.
  package init(in bundle: TrustBundle, privateKey: Certificate.PrivateKey) throws(IssuingError) {
    guard let certificate = bundle.authorities.first(where: { $0.publicKey == privateKey.publicKey }) else {
      throw .keyOfNoAuthority
    }
    self.init(certificate: certificate, privateKey: privateKey)
  }

  init(certificate: Certificate, privateKey: Certificate.PrivateKey) {
    self.certificate = certificate
    self.privateKey = privateKey
  }

  /// - Parameters:
  ///   - certificatePEM: its certificate, or a bundle that has it.
  ///   - privateKeyPEM: its key.
  package init(certificatePEM: String, privateKeyPEM: String) throws {
    try self.init(in: TrustBundle(pem: certificatePEM), privateKey: PEM.privateKey(in: privateKeyPEM))
  }

  /// PEM.
  package func certificateText() throws(IssuingError) -> String { try PEM.text(of: [certificate]) }
  /// PEM.
  package func privateKeyText() throws(IssuingError) -> String { try PEM.text(of: privateKey) }

  /// 128 bits that nobody can guess (RFC 5280 §4.1.2.2 allows 20 bytes): a number that can be foreseen helped to forge
  /// certificates when hashes were weak, and one that is counted must be kept somewhere.
  private static func serialNumber() -> Certificate.SerialNumber {
    var random = SystemRandomNumberGenerator()
    return Certificate.SerialNumber(bytes: (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
  }
}

extension CertificateAuthority {
  /// Makes a key and a certificate for it.
  ///
  /// It ends with its authority at the latest: whoever trusts the authority would refuse it from then on anyway, and
  /// its own dates would not say so.
  package func issue(_ request: CertificateRequest, now: Date) throws(IssuingError) -> IssuedCertificate {
    let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
    return IssuedCertificate(certificate: try certify(key.publicKey, request, now: now), privateKey: key)
  }

  /// Makes a certificate for a key that somebody else has.
  package func certify(
    _ publicKey: Certificate.PublicKey, _ request: CertificateRequest, now: Date
  ) throws(IssuingError) -> Certificate {
    let issuer = certificate.subject
    guard now < certificate.notValidAfter else {
      throw .authorityExpired(subject: "\(issuer)", notAfter: certificate.notValidAfter)
    }
    guard now >= certificate.notValidBefore else {
      throw .authorityNotYetValid(subject: "\(issuer)", notBefore: certificate.notValidBefore)
    }
    do {
      return try Certificate(
        version: .v3, serialNumber: Self.serialNumber(), publicKey: publicKey,
        notValidBefore: max(now - Lifetime.backdating.timeInterval, certificate.notValidBefore),
        notValidAfter: min(now + request.lifetime.timeInterval, certificate.notValidAfter),
        issuer: issuer, subject: try DistinguishedName { CommonName(request.name) },
        extensions: try extensions(request, publicKey), issuerPrivateKey: privateKey)
    } catch { throw .failed("\(error)") }
  }

  private func extensions(
    _ request: CertificateRequest, _ publicKey: Certificate.PublicKey
  ) throws -> Certificate.Extensions {
    var usages: [ExtendedKeyUsage.Usage] = []
    if request.profile.isForServing { usages.append(.serverAuth) }
    if request.profile.isForCalling { usages.append(.clientAuth) }
    let mark = RoleMark.uri(of: request.profile).map { [GeneralName.uniformResourceIdentifier($0)] } ?? []
    let names = mark + request.names.map(\.generalName)
    return try Certificate.Extensions {
      Critical(BasicConstraints.notCertificateAuthority)
      // To sign handshakes, and nothing else: keys are agreed upon by Diffie and Hellman's way.
      Critical(KeyUsage(digitalSignature: true))
      try ExtendedKeyUsage(usages)
      if !names.isEmpty { SubjectAlternativeNames(names) }
      SubjectKeyIdentifier(hash: publicKey)
      AuthorityKeyIdentifier(keyIdentifier: try issuerKeyIdentifier())
    }
  }

  private func issuerKeyIdentifier() throws -> ArraySlice<UInt8> {
    // An authority that was not made here may have one of its own way.
    try certificate.extensions.subjectKeyIdentifier?.keyIdentifier
      ?? SubjectKeyIdentifier(hash: certificate.publicKey).keyIdentifier
  }
}
