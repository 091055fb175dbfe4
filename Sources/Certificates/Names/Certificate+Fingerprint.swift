import Crypto
package import X509

extension Certificate {
  /// SHA-256 of its DER in lower-case hexadecimal, as `openssl x509 -fingerprint -sha256` without colons.
  package var fingerprint: String {
    // What was read can be written.
    (try? derBytes).map { Hexadecimal.text(SHA256.hash(data: $0)) } ?? ""
  }
}
