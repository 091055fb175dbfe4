/// The files of a certificate and its key.
package struct KeyPairFiles: Sendable, Hashable {
  private static let suffix = ".pem"
  private static let keySuffix = "-key.pem"

  package let certificate: String
  package let key: String

  package init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }

  /// The key's file is named after the certificate's: `n1.pem` and `n1-key.pem`; Kubernetes has `tls.crt` and `tls.key`.
  package init(certificate: String) {
    func replacing(_ suffix: String, by other: String) -> String? {
      certificate.hasSuffix(suffix) ? certificate.dropLast(suffix.count) + other : nil
    }
    let key = replacing(Self.suffix, by: Self.keySuffix) ?? replacing(".crt", by: ".key") ?? certificate + ".key"
    self.init(certificate: certificate, key: key)
  }

  /// Files in a directory with the name of the certificate's subject.
  init(name: String, in directory: String) throws(AuthorityError) {
    let isSafe = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || ".-_@".contains($0)) }
    // Not `ca.pem`, nor `x-key.pem` beside the key of x.
    guard isSafe, !name.isEmpty, name.first != ".", name.first != "-", name != "ca", !name.hasPrefix("ca-"),
      !name.hasSuffix("-key")
    else { throw .reservedName(name) }
    self.init(certificate: "\(directory)/\(name)\(Self.suffix)")
  }

  /// Whether a file of an authority's directory has a leaf certificate.
  static func isLeaf(_ name: String) -> Bool {
    name.hasSuffix(suffix) && !name.hasSuffix(keySuffix) && name != "ca.pem"
  }
}
