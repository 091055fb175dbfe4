package import FoundationEssentials
import SwiftASN1
@_spi(FixedExpiryValidationTime) package import X509

/// Says whether a chain of certificates is to be believed, and if not, why.
package struct CertificateVerifier: Sendable {
  /// Certificates that a peer may show: enough for every hierarchy, too few to keep us busy with.
  package static let maximumChain = 8

  package let trust: TrustBundle

  package init(trust: TrustBundle) { self.trust = trust }

  /// - Parameters:
  ///   - chain: the leaf, and what leads from it to an authority of the bundle, in any order.
  ///   - now: the time at which all of it has to be valid.
  package func verify(
    _ chain: [Certificate], for requirement: PeerRequirement, now: Date
  ) async throws(VerificationError) -> VerifiedChain {
    guard let leaf = chain.first else { throw .noCertificate }
    guard chain.count <= Self.maximumChain else {
      throw .tooManyCertificates(count: chain.count, limit: Self.maximumChain)
    }
    let path = try await path(leaf, chain.dropFirst(), now)
    // What it says is looked at only now that somebody vouches for it.
    let identity = try Self.identity(of: leaf, for: requirement)
    if let name = requirement.serverName { try await check(name, leaf, path, identity, now) }
    return VerifiedChain(certificates: path, identity: identity)
  }

  /// Who a leaf says that somebody is, if that is enough.
  static func identity(
    of leaf: Certificate, for requirement: PeerRequirement
  ) throws(VerificationError) -> CertificateIdentity {
    let subject = "\(leaf.subject)"
    let identity: CertificateIdentity
    do { identity = try CertificateIdentity(leaf) } catch { throw .unusable(subject: subject, error) }
    guard identity.satisfies(requirement.profile) else {
      throw .wrongProfile(subject: subject, is: identity.role, needed: requirement.profile)
    }
    return identity
  }

  static func check(datesOf certificate: Certificate, now: Date) throws(VerificationError) {
    let subject = "\(certificate.subject)"
    if now > certificate.notValidAfter {
      throw .expired(subject: subject, notAfter: certificate.notValidAfter, now: now)
    }
    if now < certificate.notValidBefore {
      throw .notYetValid(subject: subject, notBefore: certificate.notValidBefore, now: now)
    }
  }

  /// - Throws: ``VerificationError/keyMismatch(subject:)``.
  package static func check(_ key: Certificate.PrivateKey, belongsTo leaf: Certificate) throws(VerificationError) {
    guard key.publicKey == leaf.publicKey else { throw .keyMismatch(subject: "\(leaf.subject)") }
  }

  private func path(
    _ leaf: Certificate, _ others: ArraySlice<Certificate>, _ now: Date
  ) async throws(VerificationError) -> [Certificate] {
    var verifier = Verifier(rootCertificates: CertificateStore(trust.authorities)) {
      RFC5280Policy(fixedExpiryValidationTime: now)
      IssuerPolicy()
    }
    switch await verifier.validate(leaf: leaf, intermediates: CertificateStore(others)) {
    case .validCertificate(let path): return Array(path)
    case .couldNotValidate(let failures):
      guard let failure = failures.first else {
        let issuer = others.last?.issuer ?? leaf.issuer
        throw .unknownIssuer(issuer: "\(issuer)", trusted: trust.authorities.map { "\($0.subject)" })
      }
      throw Self.error(failure, now)
    }
  }

  /// The library says in text only why it refuses a chain.
  private static func error(
    _ failure: CertificateValidationResult.PolicyFailure, _ now: Date
  ) -> VerificationError {
    do { for certificate in failure.chain { try check(datesOf: certificate, now: now) } } catch { return error }
    return .invalid("\(failure.policyFailureReason)")
  }

  private func check(
    _ name: ServerName, _ leaf: Certificate, _ path: [Certificate], _ identity: CertificateIdentity, _ now: Date
  ) async throws(VerificationError) {
    let policy =
      switch name {
      case .host(let host): ServerIdentityPolicy(serverHostname: host, serverIP: nil)
      case .address(let address): ServerIdentityPolicy(serverHostname: nil, serverIP: address)
      }
    var verifier = Verifier(rootCertificates: CertificateStore(trust.authorities)) {
      RFC5280Policy(fixedExpiryValidationTime: now)
      IssuerPolicy()
      policy
    }
    let hosts = identity.names.filter(\.isHost)
    // Without names the library would take the common name for one, as was done before RFC 6125.
    guard !hosts.isEmpty,
      case .validCertificate = await verifier.validate(
        leaf: leaf, intermediates: CertificateStore(path.dropFirst().dropLast()))
    else { throw .nameMismatch(expected: name.text, names: hosts.map { "\($0)" }) }
  }
}

/// What `RFC5280Policy` leaves out: that issuers may sign (RFC 5280 §6.1.4 n). The extensions of the leaf that it does not
/// know are read by ``CertificateIdentity``.
private struct IssuerPolicy: VerifierPolicy {
  let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
    .X509ExtensionID.subjectAlternativeName, .X509ExtensionID.extendedKeyUsage,
  ]

  func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) -> PolicyEvaluationResult {
    for issuer in chain.dropFirst() {
      if let reason = TrustBundle.reasonNotToSign(issuer) {
        return .failsToMeetPolicy(reason: "\(issuer.subject) has signed, and must not: \(reason)")
      }
    }
    return .meetsPolicy
  }
}
