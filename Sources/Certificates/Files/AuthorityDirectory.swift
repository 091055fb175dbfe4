package import FoundationEssentials
package import X509

/// An authority in a directory, and the certificates that it makes beside it:
///
///     ca.pem                what everybody trusts: the authority, and in a roll also the other one
///     ca-key.pem            the key that signs
///     ca-next-key.pem       in a roll: the key that will sign
///     ca-previous-key.pem   in a roll: the key that has signed
///     NAME.pem, NAME-key.pem
///
/// Which certificate in `ca.pem` signs, the key tells. So each step of a roll is one rename, before or after which a crash
/// leaves everything in order.
package struct AuthorityDirectory: Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  package var bundlePath: String { "\(path)/ca.pem" }
  package var keyPath: String { "\(path)/ca-key.pem" }
  var nextKeyPath: String { "\(path)/ca-next-key.pem" }
  var previousKeyPath: String { "\(path)/ca-previous-key.pem" }

  /// Makes an authority.
  ///
  /// - Parameter overwrites: whether another one is replaced, and with it all that it has signed.
  package func create(
    name: String, lifetime: Duration = Lifetime.authority, now: Date, overwrites: Bool = false
  ) throws(AuthorityError) -> CertificateAuthority {
    let authority = try issuing(path) { () throws(IssuingError) in
      try CertificateAuthority(creating: name, lifetime: lifetime, now: now)
    }
    // Before anything is written: half of a pair would be left else.
    guard overwrites || ![bundlePath, keyPath].contains(where: SmallFile.exists) else {
      throw .exists(directory: path)
    }
    try file { () throws(FileError) in try SmallFile.makeDirectory(path) }
    do {
      try write(authority.privateKeyText, keyPath, .secret, overwrites)
      try write(authority.certificateText, bundlePath, .shared, overwrites)
    } catch AuthorityError.file(let error) where error.problem == .exists {
      throw .exists(directory: path)
    }
    if overwrites {
      for key in [nextKeyPath, previousKeyPath] { try file { () throws(FileError) in try SmallFile.remove(key) } }
    }
    return authority
  }

  /// Who is trusted.
  package func trust() throws(AuthorityError) -> TrustBundle {
    guard SmallFile.exists(bundlePath) else { throw .none(directory: path) }
    return try CertificateFiles.trust(bundlePath)
  }

  /// Who signs.
  package func authority() throws(AuthorityError) -> CertificateAuthority { try authority(keyPath) }

  func authority(_ keyPath: String) throws(AuthorityError) -> CertificateAuthority {
    let trust = try trust()
    let key = try CertificateFiles.privateKey(keyPath)
    return try issuing(keyPath) { () throws(IssuingError) in try CertificateAuthority(in: trust, privateKey: key) }
  }
}

extension AuthorityDirectory {
  /// Makes a certificate, and files for it.
  ///
  /// - Parameters:
  ///   - pair: where to; nil for files in this directory with the certificate's name.
  ///   - overwrites: whether files that exist are replaced.
  package func issue(
    _ request: CertificateRequest, to pair: KeyPairFiles? = nil, now: Date, overwrites: Bool = false
  ) throws(AuthorityError) -> (certificate: Certificate, files: KeyPairFiles) {
    let authority = try authority()
    let files = if let pair { pair } else { try KeyPairFiles(name: request.name, in: path) }
    let issued = try issuing(path) { () throws(IssuingError) in try authority.issue(request, now: now) }
    // The key first: whoever reads the pair in between sees that it does not fit, and waits.
    try write(issued.privateKeyText, files.key, .secret, overwrites)
    try write(issued.certificateText, files.certificate, .shared, overwrites)
    return (issued.certificate, files)
  }

  /// Makes a certificate anew, with the same names and another key, in its own files.
  ///
  /// - Parameters:
  ///   - lifetime: nil for that of the old one.
  ///   - isForced: also when it is not due.
  /// - Returns: nil when it is not due: it has more than a third of its life, and is of the authority that signs now.
  package func renew(
    _ files: KeyPairFiles, lifetime: Duration? = nil, now: Date, isForced: Bool = false
  ) throws(AuthorityError) -> Certificate? {
    let authority = try authority()
    let old = try Self.leaf(files.certificate)
    let isOurs = authority.certificate.publicKey.isValidSignature(old.signature, for: old)
    guard isForced || !isOurs || Lifetime.isRenewalDue(old, now: now) else { return nil }
    // One that was cut short by the end of its authority is not to be cut short for ever.
    let wasCut = try trust().authorities.contains { $0.notValidAfter == old.notValidAfter }
    let request = try issuing(files.certificate) { () throws(IssuingError) in
      try CertificateRequest(renewing: old, lifetime: lifetime ?? (wasCut ? Lifetime.leaf : nil))
    }
    return try issue(request, to: files, now: now, overwrites: true).certificate
  }

  /// The files with certificates beside the authority, by their names.
  package func leaves() throws(AuthorityError) -> [String] {
    let names = try file { () throws(FileError) in try SmallFile.names(in: path) }
    return names.filter(KeyPairFiles.isLeaf).map { "\(path)/\($0)" }
  }

  /// The first certificate of a file.
  package static func leaf(_ path: String) throws(AuthorityError) -> Certificate {
    try CertificateFiles.certificates(path)[0]
  }

  func write(
    _ text: () throws(IssuingError) -> String, _ path: String, _ mode: SmallFile.Mode, _ overwrites: Bool
  ) throws(AuthorityError) {
    let text = try issuing(path, text)
    try file { () throws(FileError) in try SmallFile.write(text, to: path, mode, overwrites: overwrites) }
  }

  func file<Value>(_ body: () throws(FileError) -> Value) throws(AuthorityError) -> Value {
    do { return try body() } catch { throw .file(error) }
  }

  func issuing<Value>(_ path: String, _ body: () throws(IssuingError) -> Value) throws(AuthorityError) -> Value {
    do { return try body() } catch { throw .issuing(path: path, error) }
  }
}
