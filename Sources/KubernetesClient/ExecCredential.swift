import FoundationEssentials

/// What a credential plugin answered: a token, a client certificate with its key, or both.
struct ExecCredential: Sendable, Hashable {
  var token: String?
  var clientCertificate: ClientCertificate?
  /// Nil: good until the server refuses it.
  var expiry: Date?

  func isExpired(at time: Date) -> Bool { expiry.map { $0 <= time } ?? false }

  /// Reads an `ExecCredential` of the plugin's standard output.
  init(_ output: [UInt8], of plugin: ExecPlugin) throws(KubernetesError) {
    func wrong(_ what: String) -> KubernetesError { .configuration("\(plugin.origin): \(plugin.command) \(what)") }
    guard let json = try? JSONDecoder().decode(JSONValue.self, from: Data(output)) else {
      throw wrong("wrote \(output.count) bytes that are not JSON")
    }
    guard json["kind"]?.string == "ExecCredential", json["apiVersion"]?.string == plugin.apiVersion else {
      let found = "\(json["apiVersion"]?.string ?? "") \(json["kind"]?.string ?? "")"
      throw wrong("answered with \"\(found)\", not with an ExecCredential of \(plugin.apiVersion)")
    }
    guard let status = json["status"] else { throw wrong("answered without a status") }
    if let token = status["token"]?.string, !token.isEmpty { self.token = token }
    let origin = "the answer of \(plugin.command)"
    switch (status["clientCertificateData"]?.string ?? "", status["clientKeyData"]?.string ?? "") {
    case ("", ""): break
    case (_, ""), ("", _): throw wrong("answered with one of clientCertificateData and clientKeyData: both are needed")
    case (let chain, let key):
      clientCertificate = ClientCertificate(
        chain: .inline([UInt8](chain.utf8), origin: "\(origin): clientCertificateData"),
        key: .inline([UInt8](key.utf8), origin: "\(origin): clientKeyData"))
    }
    guard token != nil || clientCertificate != nil else { throw wrong("answered without token and certificate") }
    if let text = status["expirationTimestamp"]?.string {
      guard let expiry = Self.time(text) else { throw wrong("answered with the expirationTimestamp \"\(text)\"") }
      self.expiry = expiry
    }
  }

  /// RFC 3339, with fractions of seconds or without.
  private static func time(_ text: String) -> Date? {
    (try? Date(text, strategy: .iso8601))
      ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
  }
}
