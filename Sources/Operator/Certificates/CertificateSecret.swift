import Certificates
import FoundationEssentials
import KubernetesClient
import X509

/// A Secret of ours with certificates, as far as it can be read.
struct CertificateSecret: Sendable {
  let object: KubernetesObject?
  let contents: SecretContents
  /// The authorities in `ca.crt`; none when it cannot be read.
  let trusted: [Certificate]
  /// When we wrote it, in seconds since 1970; nil when nothing says so, or something that cannot be.
  let writtenAt: Int64?

  /// Clocks of two operators differ by less.
  private static let clockTolerance: Int64 = 300

  init(_ object: KubernetesObject?, time: Int64) {
    self.object = object
    contents = SecretContents(object)
    trusted = contents[Names.trustKey].flatMap { try? TrustBundle(pem: $0) }?.authorities ?? []
    let written = object?.annotations[Names.writtenAnnotation].flatMap { try? Date($0, strategy: .iso8601) }
    writtenAt = written.flatMap { Int64(exactly: $0.timeIntervalSince1970) }.flatMap {
      $0 <= time + Self.clockTolerance ? $0 : nil
    }
  }

  /// Who else must have done something before it can be written.
  func obstacle(_ builder: ObjectBuilder) -> String? {
    guard let object else { return nil }
    if object.isBeingDeleted { return "the old one must be gone" }
    return object.controllerUID == builder.identity.uid ? nil : "it is not controlled by this ProgLog"
  }

  /// What somebody changed of it, besides its data.
  func drift(_ frame: DesiredObject) -> String? {
    guard let object else { return nil }
    var frame = frame.object.content
    frame["metadata"]?["annotations"] = nil
    if let difference = Difference(desired: frame, observed: object.content) {
      return "somebody else changed \(difference)"
    }
    return writtenAt == nil ? "it does not say when it was written" : nil
  }
}
