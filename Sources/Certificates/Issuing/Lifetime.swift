package import FoundationEssentials
package import X509

/// For how long certificates are good.
package enum Lifetime {
  private static let day = Duration.seconds(24 * 60 * 60)

  /// An authority's. Changing it means a roll of all nodes, so it outlives the machines; ten years with their leap days.
  package static let authority = day * 3653
  /// A leaf's. There are no revocation lists: a stolen key is good for as long as its certificate, so that is a season.
  /// Renewal needs no restart, and begins with a month left, which is time enough to notice that it failed.
  package static let leaf = day * 90
  /// How long before its making a certificate is valid, for machines whose clocks are slow.
  package static let backdating = Duration.seconds(5 * 60)

  /// Whether less than a third of a certificate's life is left.
  package static func isRenewalDue(_ certificate: Certificate, now: Date) -> Bool {
    let life = certificate.notValidAfter.timeIntervalSince(certificate.notValidBefore)
    return certificate.notValidAfter.timeIntervalSince(now) < life / 3
  }
}
