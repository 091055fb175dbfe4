package import X509

/// Certificates that are believed: from the leaf to the authority.
package struct VerifiedChain: Sendable, Hashable {
  package let certificates: [Certificate]
  package let identity: CertificateIdentity
}
