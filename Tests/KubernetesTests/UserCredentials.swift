import Foundation
import TestSupport

/// A user's Secret as files.
struct UserCredentials {
  private static let keys = ["ca.crt", "tls.crt", "tls.key"]

  let namespace: String
  let secret: String
  private let directory: TemporaryDirectory

  init(namespace: String, secret: String) throws {
    self.namespace = namespace
    self.secret = secret
    directory = try TemporaryDirectory()
  }

  /// The flags that logctl and the cluster client share, for the files as they were last fetched.
  var files: [String] {
    [
      "--tls-ca-file", directory.file("ca.crt"), "--tls-cert-file", directory.file("tls.crt"), "--tls-key-file",
      directory.file("tls.key"),
    ]
  }

  /// Fetches the Secret as it is now; whoever runs with the files reads them when it connects again.
  ///
  /// - Returns: `files`.
  func flags() async throws -> [String] {
    let data = try await Cluster.eventually("Secret \(secret) is there") { () -> [String: String]? in
      let data = try await Cluster.get("secret", secret, in: namespace)?["data"] as? [String: String] ?? [:]
      return Self.keys.allSatisfy { data[$0] != nil } ? data : nil
    }
    for key in Self.keys {
      // Whole files: they are read while they are written.
      try Data(base64Encoded: data[key] ?? "")?.write(
        to: URL(fileURLWithPath: directory.file(key)), options: .atomic)
    }
    return files
  }
}
