import Certificates
import FoundationEssentials
import KubernetesClient
import X509

/// What the authority's Secret holds: one key that signs, in a roll a second one, and whom everybody is to trust.
///
///     stage      signs   next   trusted
///     lost       –       –      whatever is left
///     stable     old     –      old
///     trusting   old     new    old, new
///     signing    new     –      old, new
///     stable     new     –      new
///
/// An authority whose key was lost goes from `trusting` on without one that signs: what it has signed stays in use
/// until everybody trusts the next one.
struct AuthorityState: Sendable {
  enum Stage: Sendable, Hashable {
    case lost
    case stable
    case trusting
    case signing
  }

  let secret: CertificateSecret
  let signing: CertificateAuthority?
  let next: CertificateAuthority?

  init(_ secret: CertificateSecret, time: Int64) {
    self.secret = secret
    let now = Date(seconds: time)
    signing = Self.authority(secret, Names.authorityCertificate, Names.authorityKey, now)
    let next = Self.authority(secret, Names.nextAuthorityCertificate, Names.nextAuthorityKey, now)
    self.next = next?.certificate == signing?.certificate ? nil : next
  }

  var stage: Stage {
    if next != nil { return .trusting }
    guard let signing else { return .lost }
    return trusted == [signing.certificate] ? .stable : .signing
  }

  var trusted: [Certificate] { secret.trusted }
  /// Under which value of the annotation the key that signs was made, and the next one; empty under none.
  var token: String { secret.object?.annotations[Names.rollTokenAnnotation] ?? "" }
  var nextToken: String { secret.object?.annotations[Names.nextRollTokenAnnotation] ?? "" }

  /// Who signs what must be made now.
  var issuer: CertificateAuthority? { signing ?? next }

  /// What is wrong with a Secret that has an authority all the same.
  var damage: String? {
    let keys = [signing, next].compactMap { $0?.certificate }
    return keys.first { !trusted.contains($0) }.map { "\(Names.trustKey) lacks \($0.subject)" }
  }

  private static func authority(
    _ secret: CertificateSecret, _ certificate: String, _ key: String, _ now: Date
  ) -> CertificateAuthority? {
    guard let certificateText = secret.contents[certificate], let keyText = secret.contents[key],
      let authority = try? CertificateAuthority(certificatePEM: certificateText, privateKeyPEM: keyText),
      // One that is not yet valid by a clock that was set back is none that was lost.
      now < authority.certificate.notValidAfter
    else { return nil }
    return authority
  }
}
