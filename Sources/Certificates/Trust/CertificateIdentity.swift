package import FoundationEssentials
package import NIOSSL
import SwiftASN1
package import X509

/// Who a leaf certificate says that somebody is. Whether that is true is for ``CertificateVerifier`` to find out.
package struct CertificateIdentity: Sendable, Hashable {
  package let role: CertificateProfile
  package let commonName: String?
  /// All that it is good for, in its order, without the mark of a role and names of other kinds.
  package let names: [AlternativeName]
  package let notBefore: Date
  package let notAfter: Date
  private let isForServing: Bool
  private let isForCalling: Bool

  package init(_ certificate: Certificate) throws(IdentityError) {
    let parts = try Parts(certificate)
    guard !parts.isAuthority else { throw .isAuthority }
    guard parts.isForServing || parts.isForCalling else { throw .noUsage }
    guard parts.isForSigning else { throw .keyNotForSigning }
    self.role = try Self.role(parts)
    self.commonName = try SubjectName.commonName(of: certificate.subject)
    self.names = parts.names.compactMap { AlternativeName($0) }
    self.notBefore = certificate.notValidBefore
    self.notAfter = certificate.notValidAfter
    self.isForServing = parts.isForServing
    self.isForCalling = parts.isForCalling
  }

  /// Of the certificate that a TLS connection has.
  package init(_ certificate: NIOSSLCertificate) throws(IdentityError) {
    let parsed: Certificate
    do { parsed = try Certificate(derEncoded: certificate.toDERBytes()) } catch { throw .malformed("\(error)") }
    try self.init(parsed)
  }

  /// Whether it passes where a certificate of a profile is asked for. A node's is also a server's and a client's.
  package func satisfies(_ profile: CertificateProfile) -> Bool {
    switch profile {
    case .node, .admin: role == profile
    case .server: isForServing
    case .client: isForCalling
    }
  }

  /// Whom the access control list knows.
  package func subject(_ source: SubjectSource) throws(IdentityError) -> String {
    switch source {
    case .commonName:
      guard let commonName else { throw .noCommonName }
      return commonName
    case .uri:
      let uris = names.compactMap { if case .uri(let uri) = $0 { uri } else { nil } }
      guard uris.count == 1 else { throw .notOneURI(uris.count) }
      return uris[0]
    }
  }

  /// - Throws: for what is marked and does not hold what its mark says: half a mark may be a mistake of whoever issued it,
  ///   or an attempt; it is no reason to see a client in it.
  private static func role(_ parts: Parts) throws(IdentityError) -> CertificateProfile {
    var marked: CertificateProfile?
    for case .uniformResourceIdentifier(let uri) in parts.names where RoleMark.isReserved(uri) {
      guard let profile = RoleMark.profile(of: uri) else { throw .unknownMark(uri) }
      guard marked == nil || marked == profile else { throw .severalMarks }
      marked = profile
    }
    guard let marked else { return parts.isForCalling ? .client : .server }
    guard !marked.isForServing || parts.isForServing, parts.isForCalling else { throw .markWithoutUsage(marked) }
    return marked
  }

  /// The extensions, read once.
  private struct Parts {
    let isAuthority: Bool
    let isForServing: Bool
    let isForCalling: Bool
    let isForSigning: Bool
    let names: [GeneralName]

    init(_ certificate: Certificate) throws(IdentityError) {
      do {
        let extensions = certificate.extensions
        if case .isCertificateAuthority = try extensions.basicConstraints {
          isAuthority = true
        } else {
          isAuthority = false
        }
        // Without this extension a certificate would be for everything (RFC 5280 §4.2.1.12), which nobody means.
        let usages = try extensions.extendedKeyUsage.map { Array($0) } ?? []
        isForServing = usages.contains(.serverAuth)
        isForCalling = usages.contains(.clientAuth)
        isForSigning = try extensions.keyUsage?.digitalSignature ?? true
        names = try extensions.subjectAlternativeNames.map { Array($0) } ?? []
      } catch { throw .malformed("\(error)") }
    }
  }
}
