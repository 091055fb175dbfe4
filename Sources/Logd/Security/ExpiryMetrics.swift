import Certificates
import CoreMetrics
import FoundationEssentials

/// When certificates end, in seconds since 1970, for an alert that comes in time.
struct ExpiryMetrics {
  private let use: String
  private let leaf: Gauge
  private var authorities: [String: Gauge] = [:]

  /// - Parameter use: `server` or `peer`.
  init(use: String) {
    self.use = use
    leaf = Gauge(label: "proglog_tls_certificate_expiry_timestamp_seconds", dimensions: [("use", use)])
  }

  mutating func record(_ expiry: TLSExpiry) {
    leaf.record(expiry.leaf.timeIntervalSince1970)
    let names = Set(expiry.authorities.map(\.name))
    for (name, gauge) in authorities where !names.contains(name) {
      // One that is trusted no more would raise an alert in a year.
      gauge.destroy()
      authorities[name] = nil
    }
    for authority in expiry.authorities {
      let gauge = authorities[authority.name] ?? gauge(authority.name)
      authorities[authority.name] = gauge
      gauge.record(authority.notAfter.timeIntervalSince1970)
    }
  }

  private func gauge(_ authority: String) -> Gauge {
    Gauge(
      label: "proglog_tls_authority_expiry_timestamp_seconds", dimensions: [("use", use), ("authority", authority)])
  }
}
