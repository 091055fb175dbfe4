import FoundationEssentials
package import X509

/// What a certificate is to be.
package struct CertificateRequest: Sendable, Hashable {
  package var profile: CertificateProfile
  /// The common name of its subject: the node's name, or whom the access control list knows.
  package var name: String
  /// Without repetition, in the order of the certificate.
  package var names: [AlternativeName]
  package var lifetime: Duration

  /// - Throws: ``IssuingError``, when no such certificate can be made.
  package init(
    profile: CertificateProfile, name: String, names: [AlternativeName] = [], lifetime: Duration = Lifetime.leaf
  ) throws(IssuingError) {
    try SubjectName.validate(name)
    guard !profile.isForServing || names.contains(where: \.isHost) else { throw .noHost(profile) }
    guard lifetime >= .seconds(1) else { throw .invalidLifetime(lifetime) }
    self.profile = profile
    self.name = name
    var seen: Set<AlternativeName> = []
    self.names = names.filter { seen.insert($0).inserted }
    self.lifetime = lifetime
  }

  /// For a certificate like another, with the same names and, if not told otherwise, the same lifetime.
  package init(renewing certificate: Certificate, lifetime: Duration? = nil) throws(IssuingError) {
    let identity: CertificateIdentity
    do { identity = try CertificateIdentity(certificate) } catch { throw .notRenewable(error) }
    guard let name = identity.commonName else { throw .notRenewable(.noCommonName) }
    let life = certificate.notValidAfter.timeIntervalSince(certificate.notValidBefore)
    try self.init(
      profile: identity.role, name: name, names: identity.names,
      lifetime: lifetime ?? .seconds(life) - Lifetime.backdating)
  }
}

extension AlternativeName {
  /// Whether a client compares it with what it calls.
  var isHost: Bool {
    switch self {
    case .dns, .ip: true
    case .uri: false
    }
  }
}
