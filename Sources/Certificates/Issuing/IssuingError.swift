package import FoundationEssentials

/// Why a certificate cannot be made.
package enum IssuingError: Error, Hashable {
  /// The name, and what is wrong with it.
  case invalidName(String, String)
  /// A server whose certificate names no host is refused by every client.
  case noHost(CertificateProfile)
  case invalidLifetime(Duration)
  case authorityExpired(subject: String, notAfter: Date)
  case authorityNotYetValid(subject: String, notBefore: Date)
  /// No certificate in the bundle belongs to the key.
  case keyOfNoAuthority
  /// Not one of our profiles: what is made anew must be known.
  case notRenewable(IdentityError)
  /// A failure of the libraries below.
  case failed(String)
}

extension IssuingError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .invalidName(let name, let problem): "'\(name)' \(problem)"
    case .noHost(let profile):
      """
      \(profile.title) needs a host name or an IP address that it is reached at: clients look at these only, and not \
      at its name
      """
    case .invalidLifetime(let lifetime): "a lifetime of \(lifetime) is none: it must be a second at least"
    case .authorityExpired(let subject, let notAfter):
      "the authority \(subject) has expired at \(DateText.text(notAfter)): make a new one"
    case .authorityNotYetValid(let subject, let notBefore):
      "the authority \(subject) is valid from \(DateText.text(notBefore)) on: is the clock right?"
    case .keyOfNoAuthority: "the key belongs to no authority in the bundle"
    case .notRenewable(let error): "it cannot be made anew: \(error)"
    case .failed(let reason): "the certificate cannot be made: \(reason)"
    }
  }
}
