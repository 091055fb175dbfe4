package import NIOSSL
import X509

extension TLSMaterial {
  /// For TLS 1.2, by ECDHE and with authenticated encryption only: what HTTP/2 allows (RFC 9113 §9.2.2, appendix A). The
  /// suites of TLS 1.3 are all good, and BoringSSL does not let them be chosen.
  package static let cipherSuites = [
    "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
  ].joined(separator: ":")

  /// For a server whose clients must show a certificate of an authority that is trusted.
  ///
  /// - Parameter applicationProtocols: for ALPN, the best first; `h2` for gRPC.
  package func serverConfiguration(applicationProtocols: [String]) throws(TLSMaterialError) -> TLSConfiguration {
    let parts = try nioSSL()
    var configuration = TLSConfiguration.makeServerConfigurationWithMTLS(
      certificateChain: parts.chain, privateKey: .privateKey(parts.key), trustRoots: .certificates(parts.roots))
    configuration.applicationProtocols = applicationProtocols
    return configuration.strict
  }

  /// For a client that shows its certificate, and looks for the server's name in the server's.
  package func clientConfiguration(applicationProtocols: [String]) throws(TLSMaterialError) -> TLSConfiguration {
    let parts = try nioSSL()
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.certificateChain = parts.chain
    configuration.privateKey = .privateKey(parts.key)
    configuration.trustRoots = .certificates(parts.roots)
    configuration.applicationProtocols = applicationProtocols
    return configuration.strict
  }

  private func nioSSL() throws(TLSMaterialError) -> (
    chain: [NIOSSLCertificateSource], key: NIOSSLPrivateKey, roots: [NIOSSLCertificate]
  ) {
    let certificates: [NIOSSLCertificate]
    do { certificates = try chain.map { try NIOSSLCertificate($0) } } catch {
      throw TLSMaterialError(source: sources.certificate, problem: .tls("\(error)"))
    }
    let key: NIOSSLPrivateKey
    do { key = try NIOSSLPrivateKey(bytes: Array(PEM.text(of: privateKey).utf8), format: .pem) } catch {
      throw TLSMaterialError(source: sources.key, problem: .tls("\(error)"))
    }
    do {
      return (certificates.map { .certificate($0) }, key, try trust.authorities.map { try NIOSSLCertificate($0) })
    } catch {
      throw TLSMaterialError(source: sources.trust, problem: .tls("\(error)"))
    }
  }
}

extension TLSConfiguration {
  fileprivate var strict: TLSConfiguration {
    var configuration = self
    configuration.minimumTLSVersion = .tlsv12
    configuration.cipherSuites = TLSMaterial.cipherSuites
    configuration.renegotiationSupport = .none
    return configuration
  }
}

extension NIOSSLCertificate {
  convenience init(_ certificate: Certificate) throws {
    try self.init(bytes: certificate.derBytes, format: .der)
  }
}
