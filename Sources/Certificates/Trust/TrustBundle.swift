package import X509

/// The authorities that are trusted. More than one while their key is rolled.
package struct TrustBundle: Sendable, Hashable {
  /// At least one, none twice.
  package let authorities: [Certificate]

  /// - Throws: ``PEMError``, when there is none, or one cannot sign.
  package init(_ certificates: [Certificate]) throws(PEMError) {
    guard !certificates.isEmpty else { throw .nothing(expected: "CERTIFICATE") }
    for (index, certificate) in certificates.enumerated() {
      if let reason = Self.reasonNotToSign(certificate) {
        throw .notAnAuthority(ordinal: index + 1, subject: "\(certificate.subject)", reason)
      }
    }
    var seen: Set<Certificate> = []
    authorities = certificates.filter { seen.insert($0).inserted }
  }

  package init(pem: String) throws(PEMError) {
    try self.init(PEM.certificates(in: pem))
  }

  /// PEM.
  package func text() throws(IssuingError) -> String { try PEM.text(of: authorities) }

  /// Why a certificate is no authority, or nil.
  static func reasonNotToSign(_ certificate: Certificate) -> String? {
    do {
      guard case .isCertificateAuthority = try certificate.extensions.basicConstraints else {
        return "its basic constraints do not say CA"
      }
      if let usage = try certificate.extensions.keyUsage, !usage.keyCertSign {
        return "its key is not for certificates"
      }
      return nil
    } catch { return "\(error)" }
  }
}

// A roll of the authority's key, in stages between which all nodes must have caught up:
//
//   bundle [old]          leaves by old
//   bundle [old, new]     leaves by old        adding(new)
//   bundle [old, new]     leaves by new        the new one issues
//   bundle [new]          leaves by new        removing(old)
//
// In any two neighbouring stages each side trusts what the other shows.
extension TrustBundle {
  /// With another authority as well.
  package func adding(_ authority: Certificate) throws(PEMError) -> TrustBundle {
    try TrustBundle(authorities + [authority])
  }

  /// Without an authority; the last one stays.
  package func removing(_ authority: Certificate) throws(PEMError) -> TrustBundle {
    try TrustBundle(authorities.filter { $0 != authority })
  }
}
