import FoundationEssentials
import TestSupport

@testable import Certificates

/// Certificates in the files of a temporary directory.
struct FilesOnDisk {
  let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  var sources: TLSSources {
    TLSSources(
      certificate: directory.file("tls.crt"), key: directory.file("tls.key"), trust: directory.file("ca.crt"))
  }

  func write(_ issued: IssuedCertificate, trusting authorities: [CertificateAuthority]) throws {
    try write(key: issued)
    try write(certificate: issued)
    try write(trusting: authorities)
  }

  func write(key issued: IssuedCertificate) throws {
    try write(issued.privateKeyText(), sources.key)
  }

  func write(certificate issued: IssuedCertificate) throws {
    try write(issued.certificateText(), sources.certificate)
  }

  func write(trusting authorities: [CertificateAuthority]) throws {
    try write(TrustBundle(authorities.map(\.certificate)).text(), sources.trust)
  }

  func write(_ text: String, _ path: String) throws {
    try SmallFile.write(text, to: path, .secret, overwrites: true)
  }
}
