package import FoundationEssentials
package import X509

/// What one end of mutual TLS needs: its certificate with what leads to an authority, its key, and whom it trusts.
package struct TLSMaterial: Sendable {
  /// The leaf first.
  package let chain: [Certificate]
  package let privateKey: Certificate.PrivateKey
  package let trust: TrustBundle
  /// Who this end is.
  package let identity: CertificateIdentity
  /// Of the leaf, and of the authorities in their order. Computed once: whoever asks does so again and again.
  package let fingerprint: String
  package let authorityFingerprints: [String]
  package let sources: TLSSources

  package var leaf: Certificate { chain[0] }

  /// - Parameters: PEM.
  ///   - profile: what the leaf has to pass for.
  ///   - now: when it has to be valid.
  package init(
    certificate: String, key: String, trust: String, sources: TLSSources, profile: CertificateProfile, now: Date
  ) async throws(TLSMaterialError) {
    do {
      chain = try PEM.certificates(in: certificate)
    } catch { throw TLSMaterialError(source: sources.certificate, problem: .pem(error)) }
    do {
      privateKey = try PEM.privateKey(in: key)
    } catch { throw TLSMaterialError(source: sources.key, problem: .pem(error)) }
    do {
      self.trust = try TrustBundle(pem: trust)
    } catch { throw TLSMaterialError(source: sources.trust, problem: .pem(error)) }
    self.sources = sources
    fingerprint = chain[0].fingerprint
    authorityFingerprints = self.trust.authorities.map(\.fingerprint)
    // First of all, because a set that is replaced file by file shows itself by this.
    guard privateKey.publicKey == chain[0].publicKey else {
      throw TLSMaterialError(source: sources.key, problem: .keyMismatch(certificate: sources.certificate))
    }
    do {
      identity = try await Self.check(chain, self.trust, profile, now)
    } catch { throw TLSMaterialError(source: sources.certificate, problem: .leaf(error)) }
  }

  /// Everybody in a cluster has the same authorities. A leaf that our own do not vouch for is one that the others will not
  /// believe either: the old authority was dropped before the leaf was made anew. Only a server that is no node may have
  /// its certificate from elsewhere: its clients trust a public authority then, and it trusts ours.
  private static func check(
    _ chain: [Certificate], _ trust: TrustBundle, _ profile: CertificateProfile, _ now: Date
  ) async throws(VerificationError) -> CertificateIdentity {
    let requirement = PeerRequirement(profile)
    do {
      return try await CertificateVerifier(trust: trust).verify(chain, for: requirement, now: now).identity
    } catch .unknownIssuer where profile == .server {
      let identity = try CertificateVerifier.identity(of: chain[0], for: requirement)
      try CertificateVerifier.check(datesOf: chain[0], now: now)
      return identity
    }
  }
}

extension TLSMaterial {
  /// PEM, for libraries that want text: the leaf first.
  package func chainText() throws(IssuingError) -> String { try PEM.text(of: chain) }
  /// PEM.
  package func privateKeyText() throws(IssuingError) -> String { try PEM.text(of: privateKey) }

  /// When what is in use ends, for a metric.
  package var expiry: TLSExpiry {
    TLSExpiry(
      leaf: leaf.notValidAfter,
      authorities: trust.authorities.map { .init(name: "\($0.subject)", notAfter: $0.notValidAfter) })
  }
}
