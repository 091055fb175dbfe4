package import FoundationEssentials
package import X509

/// What there is to see in a certificate.
package struct CertificateSummary: Sendable {
  /// Its subject and its issuer, such as `CN=n1`.
  package let subject: String
  package let issuer: String
  package let isAuthority: Bool
  /// Who a leaf says that somebody is, or why it does not.
  package let identity: Result<CertificateIdentity, IdentityError>
  /// Hexadecimal, as `openssl x509 -serial` prints it but for the case.
  package let serialNumber: String
  package let notBefore: Date
  package let notAfter: Date
  /// SHA-256 of all of it, in hexadecimal.
  package let fingerprint: String

  package init(_ certificate: Certificate) {
    subject = "\(certificate.subject)"
    issuer = "\(certificate.issuer)"
    isAuthority = TrustBundle.reasonNotToSign(certificate) == nil
    identity = Result { () throws(IdentityError) in try CertificateIdentity(certificate) }
    serialNumber = Hexadecimal.text(certificate.serialNumber.bytes)
    notBefore = certificate.notValidBefore
    notAfter = certificate.notValidAfter
    fingerprint = certificate.fingerprint
  }
}
