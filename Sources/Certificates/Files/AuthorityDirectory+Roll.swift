package import FoundationEssentials
import X509

// A new key for the authority, without a connection that is refused: see TrustBundle for the stages.
extension AuthorityDirectory {
  package func rollStage() -> RollStage {
    if SmallFile.exists(nextKeyPath) { return .trusted }
    return SmallFile.exists(previousKeyPath) ? .signing : .none
  }

  /// Makes a new authority, to be trusted beside the old one, which still signs.
  package func startRoll(
    name: String, lifetime: Duration = Lifetime.authority, now: Date
  ) throws(AuthorityError) -> CertificateAuthority {
    let old = try authority().certificate
    try require(.none)
    let new = try issuing(path) { () throws(IssuingError) in
      try CertificateAuthority(creating: name, lifetime: lifetime, now: now)
    }
    // What an attempt that was interrupted has left in the bundle goes, as nobody has its key.
    let bundle = try pem(bundlePath) { () throws(PEMError) in try TrustBundle([old]).adding(new.certificate) }
    try write(bundle.text, bundlePath, .shared, true)
    try write(new.privateKeyText, nextKeyPath, .secret, false)
    return new
  }

  /// Lets the new authority sign. Everybody must have the bundle with both by now.
  package func switchRoll() throws(AuthorityError) -> CertificateAuthority {
    try require(.trusted)
    // That it is in the bundle is looked at before it is relied upon.
    let new = try authority(nextKeyPath)
    try file { () throws(FileError) in
      try SmallFile.link(keyPath, as: previousKeyPath)
      try SmallFile.move(nextKeyPath, to: keyPath)
    }
    return new
  }

  /// Takes back ``startRoll(name:lifetime:now:)``.
  package func abortRoll() throws(AuthorityError) {
    try require(.trusted)
    try trustOnly(authority())
    try file { () throws(FileError) in
      try SmallFile.remove(nextKeyPath)
      try SmallFile.remove(previousKeyPath)
    }
  }

  /// Trusts the new authority only, and deletes the old one's key.
  ///
  /// - Parameter isForced: also when certificates in this directory would not be believed any more.
  package func finishRoll(isForced: Bool = false) throws(AuthorityError) -> CertificateAuthority {
    try require(.signing)
    let authority = try authority()
    let stale = try leavesOfOthers(authority)
    guard isForced || stale.isEmpty else { throw .stillInUse(by: stale) }
    try trustOnly(authority)
    try file { () throws(FileError) in try SmallFile.remove(previousKeyPath) }
    return authority
  }

  private func trustOnly(_ authority: CertificateAuthority) throws(AuthorityError) {
    try write(authority.certificateText, bundlePath, .shared, true)
  }

  private func require(_ stage: RollStage) throws(AuthorityError) {
    let actual = rollStage()
    guard actual == stage else { throw .wrongStage(actual) }
  }

  /// The certificates beside an authority that it has not signed. What cannot be read is none of our business here.
  private func leavesOfOthers(_ authority: CertificateAuthority) throws(AuthorityError) -> [String] {
    let key = authority.certificate.publicKey
    return try leaves().filter { file in
      guard let leaf = try? Self.leaf(file) else { return false }
      return !key.isValidSignature(leaf.signature, for: leaf)
    }
  }

  private func pem<Value>(_ path: String, _ body: () throws(PEMError) -> Value) throws(AuthorityError) -> Value {
    do { return try body() } catch { throw .pem(path: path, error) }
  }
}
