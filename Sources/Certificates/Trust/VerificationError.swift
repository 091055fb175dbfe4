package import FoundationEssentials

/// Why somebody's certificate is not believed.
package enum VerificationError: Error, Hashable {
  case noCertificate
  case tooManyCertificates(count: Int, limit: Int)
  /// No authority that is trusted has signed it.
  case unknownIssuer(issuer: String, trusted: [String])
  case expired(subject: String, notAfter: Date, now: Date)
  case notYetValid(subject: String, notBefore: Date, now: Date)
  /// It is believed, but does not say who somebody is.
  case unusable(subject: String, IdentityError)
  case wrongProfile(subject: String, is: CertificateProfile, needed: CertificateProfile)
  /// It is for other hosts.
  case nameMismatch(expected: String, names: [String])
  /// Somebody else has its key.
  case keyMismatch(subject: String)
  /// It breaks another rule of RFC 5280.
  case invalid(String)
}

extension VerificationError {
  /// For metrics: few, and always the same.
  package var label: String {
    switch self {
    case .noCertificate: "no_certificate"
    case .tooManyCertificates: "too_many_certificates"
    case .unknownIssuer: "unknown_issuer"
    case .expired: "expired"
    case .notYetValid: "not_yet_valid"
    case .unusable: "unusable"
    case .wrongProfile: "wrong_profile"
    case .nameMismatch: "name_mismatch"
    case .keyMismatch: "key_mismatch"
    case .invalid: "invalid"
    }
  }
}

extension VerificationError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noCertificate: "there is no certificate"
    case .tooManyCertificates(let count, let limit): "a chain of \(count) certificates is longer than \(limit)"
    case .unknownIssuer(let issuer, let trusted):
      "signed by \(issuer), which is none of the trusted authorities (\(trusted.joined(separator: "; ")))"
    case .expired(let subject, let notAfter, let now):
      "\(subject) has expired: it was valid until \(DateText.text(notAfter)), and it is \(DateText.text(now))"
    case .notYetValid(let subject, let notBefore, let now):
      """
      \(subject) is not yet valid: it is from \(DateText.text(notBefore)) on, and it is \(DateText.text(now)); is the \
      clock right?
      """
    case .unusable(let subject, let error): "\(subject) identifies nobody: \(error)"
    case .wrongProfile(let subject, let role, let needed):
      "\(subject) is \(role.title), where \(needed.title) is needed"
    case .nameMismatch(let expected, let names):
      "it is not for '\(expected)', but for \(names.isEmpty ? "no host" : names.joined(separator: ", "))"
    case .keyMismatch(let subject): "the key does not belong to the certificate of \(subject)"
    case .invalid(let reason): "it is invalid: \(reason)"
    }
  }
}
