import Logging
import NIOSSL
import Synchronization

/// The token and TLS configuration of the next request: files are read again when what we know of them is old.
final class CredentialCache: Sendable {
  struct Credentials: Sendable {
    var token: String?
    var tls: TLSConfiguration?
  }

  private struct State {
    var credentials = Credentials()
    /// The bytes that `credentials.tls` was made of. While they are the same it stays the same value, for connections
    /// are pooled by it.
    var tlsSource: [[UInt8]]?
    var readAt: ContinuousClock.Instant?
  }

  private let configuration: ClusterConfiguration
  private let maximumAge: Duration
  private let logger: Logger
  private let state = Mutex(State())

  init(_ configuration: ClusterConfiguration, maximumAge: Duration, logger: Logger) {
    self.configuration = configuration
    self.maximumAge = maximumAge
    self.logger = logger
  }

  func current() throws(KubernetesError) -> Credentials {
    try state.withLock { (state) throws(KubernetesError) in
      if let readAt = state.readAt, readAt.duration(to: .now) < maximumAge { return state.credentials }
      try refresh(&state)
      return state.credentials
    }
  }

  /// The server refused `token`. Reads the file again and says whether there is another token now.
  func isReplaced(_ token: String?) throws(KubernetesError) -> Bool {
    try state.withLock { (state) throws(KubernetesError) in
      if state.credentials.token == token { try refresh(&state) }
      return state.credentials.token != token
    }
  }

  private func refresh(_ state: inout State) throws(KubernetesError) {
    do {
      let token = try configuration.bearerToken?.text()
      let source = try configuration.tlsSource()
      if source != state.tlsSource {
        state.credentials.tls = try configuration.tlsConfiguration()
        state.tlsSource = source
      }
      state.credentials.token = token
    } catch {
      // A file that is being replaced may be gone or half there. What we have is good until the server says otherwise.
      guard state.readAt != nil else { throw error }
      logger.warning("keeping the credentials read before", metadata: ["error": "\(error)"])
    }
    state.readAt = .now
  }
}

extension ClusterConfiguration {
  /// The bytes of every certificate and key, in a fixed order.
  func tlsSource() throws(KubernetesError) -> [[UInt8]] {
    var source: [[UInt8]] = []
    for credential in [certificateAuthority, clientCertificate?.chain, clientCertificate?.key] {
      source.append(try credential?.read() ?? [])
    }
    return source
  }

  func tlsConfiguration() throws(KubernetesError) -> TLSConfiguration? {
    guard server.usesTLS else { return nil }
    var tls = TLSConfiguration.makeClientConfiguration()
    tls.minimumTLSVersion = .tlsv12
    if !verifiesServer { tls.certificateVerification = .none }
    if let certificateAuthority { tls.trustRoots = .certificates(try Self.certificates(certificateAuthority)) }
    if let clientCertificate {
      tls.certificateChain = try Self.certificates(clientCertificate.chain).map { .certificate($0) }
      let bytes = try clientCertificate.key.read()
      do {
        tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: bytes, format: .pem))
      } catch {
        throw .configuration("\(clientCertificate.key.origin) is not a private key in PEM: \(error)")
      }
    }
    return tls
  }

  private static func certificates(_ credential: Credential) throws(KubernetesError) -> [NIOSSLCertificate] {
    let bytes = try credential.read()
    do {
      let certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
      if !certificates.isEmpty { return certificates }
    } catch {
      throw .configuration("\(credential.origin) holds no certificate in PEM: \(error)")
    }
    throw .configuration("\(credential.origin) holds no certificate in PEM")
  }
}
