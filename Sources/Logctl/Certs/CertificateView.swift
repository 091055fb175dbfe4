import Certificates
import FoundationEssentials

/// A certificate as `logctl certs show` prints it.
struct CertificateView {
  private static let secondsOfDay = 86_400.0

  private let summary: CertificateSummary
  private let file: String
  private let now: Date

  init(_ summary: CertificateSummary, file: String, now: Date) {
    self.summary = summary
    self.file = file
    self.now = now
  }

  var text: String {
    let rows = [
      ["  subject", summary.subject], ["  profile", profile], ["  names", names.joined(separator: ", ")],
      ["  issuer", summary.issuer], ["  serial", summary.serialNumber],
      ["  valid", "\(DateText.text(summary.notBefore)) to \(DateText.text(summary.notAfter)), \(rest)"],
      ["  sha256", summary.fingerprint],
    ]
    return "\(file)\n" + TextTable.text(rows.filter { !$0[1].isEmpty })
  }

  private var profile: String {
    if summary.isAuthority { return "authority" }
    switch summary.identity {
    case .success(let identity): return identity.role.rawValue
    case .failure(let error): return "none: \(error)"
    }
  }

  private var names: [String] {
    (try? summary.identity.get())?.names.map(\.description) ?? []
  }

  private var rest: String {
    let days = Int((summary.notAfter.timeIntervalSince(now) / Self.secondsOfDay).rounded(.down))
    if now > summary.notAfter { return "expired" }
    if now < summary.notBefore { return "not yet" }
    return days == 1 ? "1 day left" : "\(days) days left"
  }

  var json: JSON {
    JSON(
      file: file, subject: summary.subject, commonName: (try? summary.identity.get())?.commonName,
      profile: summary.isAuthority ? "authority" : (try? summary.identity.get())?.role.rawValue, names: names,
      issuer: summary.issuer, serial: summary.serialNumber, notBefore: DateText.text(summary.notBefore),
      notAfter: DateText.text(summary.notAfter), sha256: summary.fingerprint)
  }

  struct JSON: Encodable {
    let file: String
    let subject: String
    let commonName: String?
    let profile: String?
    let names: [String]
    let issuer: String
    let serial: String
    let notBefore: String
    let notAfter: String
    let sha256: String

    private enum CodingKeys: String, CodingKey {
      case file, subject, profile, names, issuer, serial, sha256
      case commonName = "common_name"
      case notBefore = "not_before"
      case notAfter = "not_after"
    }
  }
}

extension CertificateSummary {
  /// What was made, in a line.
  var line: String {
    let end = "until \(DateText.text(notAfter))"
    guard !isAuthority else { return "the authority \(subject), \(end)" }
    guard let identity = try? identity.get() else { return "\(subject), \(end)" }
    let names = identity.names.map(\.description).joined(separator: ", ")
    return "\(identity.role.title) of \(identity.commonName ?? subject)\(names.isEmpty ? "" : " (\(names))"), \(end)"
  }
}
