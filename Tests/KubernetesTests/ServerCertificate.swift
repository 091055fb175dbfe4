import TestSupport

/// What a server shows to whoever connects to it.
struct ServerCertificate: Hashable {
  var serial: String
  /// Subject alternative names, as OpenSSL writes them: `IP Address:10.0.0.1`, `DNS:log`.
  var names: Set<String>

  /// Nil while nobody answers there.
  init?(shownAt address: String) async throws {
    let shown = try await run(
      "/usr/bin/env", ["openssl", "s_client", "-connect", address, "-showcerts"], within: .seconds(20))
    guard let begin = shown.output.firstRange(of: "-----BEGIN"), shown.output.contains("-----END CERTIFICATE-----")
    else {
      return nil
    }
    let decoded = try await run(
      "/usr/bin/env", ["openssl", "x509", "-noout", "-serial", "-ext", "subjectAltName"],
      input: .init(shown.output[begin.lowerBound...].utf8))
    let lines = decoded.output.split(separator: "\n").map { $0.drop { $0 == " " } }
    serial = lines.first { $0.hasPrefix("serial=") }.map(String.init) ?? ""
    names = Set(lines.last?.split(separator: ", ").map(String.init) ?? [])
  }
}
