/// Why a certificate does not say who somebody is.
package enum IdentityError: Error, Hashable {
  case malformed(String)
  /// An authority's own certificate identifies nobody.
  case isAuthority
  /// Its extended key usage, which it must have, allows neither serving nor calling.
  case noUsage
  /// Its key usage does not allow to sign handshakes.
  case keyNotForSigning
  /// A URI of our scheme that is no mark, or several marks.
  case unknownMark(String)
  case severalMarks
  /// A mark without the extended key usages that belong to it.
  case markWithoutUsage(CertificateProfile)
  case severalCommonNames(Int)
  case unreadableCommonName
  case noCommonName
  /// How many URIs it has where one is needed.
  case notOneURI(Int)
}

extension IdentityError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .malformed(let reason): "it cannot be read: \(reason)"
    case .isAuthority: "it is an authority's own certificate"
    case .noUsage: "its extended key usage has neither serverAuth nor clientAuth"
    case .keyNotForSigning: "its key usage has no digitalSignature"
    case .unknownMark(let uri): "its URI '\(uri)' marks no role that is known"
    case .severalMarks: "its URIs mark more than one role"
    case .markWithoutUsage(let profile):
      "it is marked as \(profile.title) and its extended key usage does not have all that one needs"
    case .severalCommonNames(let count): "its subject has \(count) common names"
    case .unreadableCommonName: "its common name is empty, or cannot be shown"
    case .noCommonName: "its subject has no common name"
    case .notOneURI(let count): "it has \(count) URIs that name somebody, where one is needed"
    }
  }
}
