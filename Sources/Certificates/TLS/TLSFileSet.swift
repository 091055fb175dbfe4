import Crypto

/// The bytes of certificate, key and authorities, as they were read once.
struct TLSFileSet: Sendable {
  let certificate: [UInt8]
  let key: [UInt8]
  let trust: [UInt8]

  init(reading sources: TLSSources) throws(TLSMaterialError) {
    certificate = try Self.read(sources.certificate)
    key = try Self.read(sources.key)
    trust = try Self.read(sources.trust)
  }

  private static func read(_ path: String) throws(TLSMaterialError) -> [UInt8] {
    do { return try SmallFile.read(path) } catch { throw TLSMaterialError(source: path, problem: .file(error.problem)) }
  }

  /// Tells one set from another. Not the times and sizes of the files: a Secret's volume changes by a symbolic link, a
  /// file can be rewritten within a tick of the clock and have the same size, and reading a few KiB costs nothing.
  var digest: SHA256Digest {
    var hash = SHA256()
    for bytes in [certificate, key, trust] {
      withUnsafeBytes(of: UInt64(bytes.count)) { hash.update(bufferPointer: $0) }
      hash.update(data: bytes)
    }
    return hash.finalize()
  }

  func material(
    _ sources: TLSSources, profile: CertificateProfile, clock: WallClock
  ) async throws(TLSMaterialError) -> TLSMaterial {
    try await TLSMaterial(
      certificate: Self.text(certificate, sources.certificate), key: Self.text(key, sources.key),
      trust: Self.text(trust, sources.trust), sources: sources, profile: profile, now: clock.now())
  }

  private static func text(_ bytes: [UInt8], _ source: String) throws(TLSMaterialError) -> String {
    do { return try PEM.text(bytes) } catch { throw TLSMaterialError(source: source, problem: .pem(error)) }
  }
}
