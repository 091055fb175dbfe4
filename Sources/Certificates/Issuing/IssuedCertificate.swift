package import X509

/// A certificate and its key, just made.
package struct IssuedCertificate: Sendable {
  package let certificate: Certificate
  package let privateKey: Certificate.PrivateKey

  /// PEM.
  package func certificateText() throws(IssuingError) -> String { try PEM.text(of: [certificate]) }
  /// PEM.
  package func privateKeyText() throws(IssuingError) -> String { try PEM.text(of: privateKey) }
}
