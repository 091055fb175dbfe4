package import X509

/// Certificates and keys in files. Errors name the file.
package enum CertificateFiles {
  /// All certificates of a file, the leaf of a chain first.
  package static func certificates(_ path: String) throws(AuthorityError) -> [Certificate] {
    let text = try text(path)
    do { return try PEM.certificates(in: text) } catch { throw .pem(path: path, error) }
  }

  package static func privateKey(_ path: String) throws(AuthorityError) -> Certificate.PrivateKey {
    let text = try text(path)
    do { return try PEM.privateKey(in: text) } catch { throw .pem(path: path, error) }
  }

  package static func trust(_ path: String) throws(AuthorityError) -> TrustBundle {
    let text = try text(path)
    do { return try TrustBundle(pem: text) } catch { throw .pem(path: path, error) }
  }

  static func text(_ path: String) throws(AuthorityError) -> String {
    let bytes: [UInt8]
    do { bytes = try SmallFile.read(path) } catch { throw .file(error) }
    do { return try PEM.text(bytes) } catch { throw .pem(path: path, error) }
  }
}
