import FuzzSupport
import SwiftASN1
import X509

@testable import Certificates

extension FuzzTarget {
  /// A certificate as a peer shows it, in DER. BoringSSL has read it before us, and nobody has checked its signature.
  static let certificateIdentity = FuzzTarget(
    "certificate-identity", maximumBytes: 2048,
    seeds: {
      let authority = try CertificateAuthority(creating: "CA", now: seedTime)
      let names = [try AlternativeName(dns: "a.example.com"), try .init(ip: "::1"), try .init(uri: "spiffe://a/b")]
      return try CertificateProfile.allCases.map { profile in
        let request = try CertificateRequest(profile: profile, name: "somebody", names: names)
        return try authority.issue(request, now: seedTime).certificate.derBytes
      }
    },
    dictionary: ["proglog:node", "proglog:admin", "proglog:", "ProgLog:node"],
    run: { input in
      guard let certificate = try? Certificate(derEncoded: input) else { return false }
      _ = CertificateSummary(certificate)
      guard let identity = try? CertificateIdentity(certificate) else { return false }
      let marks = marks(certificate)
      switch identity.role {
      case .node, .admin:
        try require(Set(marks) == [RoleMark.uri(of: identity.role)], "a \(identity.role) with marks \(marks)")
        try require(identity.satisfies(.client), "a \(identity.role) that may not call")
      case .server, .client: try require(marks.isEmpty, "a \(identity.role) with marks \(marks)")
      }
      try require(identity.satisfies(identity.role), "a \(identity.role) does not pass for one")
      try require(identity.role != .node || identity.satisfies(.server), "a node that may not serve")
      for profile in [CertificateProfile.node, .admin] where profile != identity.role {
        try require(!identity.satisfies(profile), "a \(identity.role) passes for a \(profile)")
      }
      if case .isCertificateAuthority? = try? certificate.extensions.basicConstraints {
        throw Violation("an authority identifies somebody")
      }
      if let name = identity.commonName {
        try require(!name.isEmpty && !name.unicodeScalars.contains("\u{0}"), "the name cannot be shown")
      }
      if let request = try? CertificateRequest(renewing: certificate) {
        try require(request.profile == identity.role, "renewed, it would be a \(request.profile)")
      }
      return true
    })

  /// All URIs of our scheme, however they are written.
  private static func marks(_ certificate: Certificate) -> [String?] {
    guard let names = try? certificate.extensions.subjectAlternativeNames else { return [] }
    return names.compactMap {
      if case .uniformResourceIdentifier(let uri) = $0, uri.lowercased().hasPrefix("proglog:") { uri } else { nil }
    }
  }
}
