import Logging
import NIOSSL
import Synchronization

/// The token and TLS configuration of the next request: files are read again when what we know of them is old, and a
/// credential plugin is run again when its answer has expired.
final class CredentialCache: Sendable {
  struct Credentials: Sendable {
    var token: String?
    var tls: TLSConfiguration?
    /// What the plugin gave, if there is one.
    fileprivate var executed: ExecCredential?
  }

  private struct State {
    var credentials = Credentials()
    /// The bytes that `credentials.tls` was made of. While they are the same it stays the same value, for connections
    /// are pooled by it.
    var tlsSource: [[UInt8]]?
    var readAt: ContinuousClock.Instant?
  }

  private let configuration: ClusterConfiguration
  private let exec: ExecCredentialSource?
  private let maximumAge: Duration
  private let logger: Logger
  private let state = Mutex(State())

  /// Fails when a file cannot be used, rather than in the first request.
  init(
    _ configuration: ClusterConfiguration, exec: ExecCredentialSource?, maximumAge: Duration, logger: Logger
  ) throws(KubernetesError) {
    self.configuration = configuration
    self.exec = exec
    self.maximumAge = maximumAge
    self.logger = logger
    try state.withLock { (state) throws(KubernetesError) in try refresh(&state, nil) }
  }

  func current() async throws(KubernetesError) -> Credentials {
    let executed = try await exec?.current()
    return try state.withLock { (state) throws(KubernetesError) in
      let isFresh = state.readAt.map { $0.duration(to: .now) < maximumAge } ?? false
      if !isFresh || state.credentials.executed != executed { try refresh(&state, executed) }
      return state.credentials
    }
  }

  /// The server refused `refused`. Reads files and asks the plugin again, and says whether there is another token or
  /// certificate now.
  func isReplaced(_ refused: Credentials) async throws(KubernetesError) -> Bool {
    let executed = try await exec?.replace(refused.executed)
    return try state.withLock { (state) throws(KubernetesError) in
      if state.credentials.token == refused.token || state.credentials.executed != executed {
        try refresh(&state, executed)
      }
      return state.credentials.token != refused.token || executed != refused.executed
    }
  }

  private func refresh(_ state: inout State, _ executed: ExecCredential?) throws(KubernetesError) {
    do {
      let configuration = configuration.with(executed)
      let token = try configuration.bearerToken?.text()
      let source = try configuration.tlsSource()
      if source != state.tlsSource {
        state.credentials.tls = try configuration.tlsConfiguration()
        state.tlsSource = source
      }
      state.credentials.token = token
      state.credentials.executed = executed
    } catch {
      // A file that is being replaced may be gone or half there. What we have is good until the server says otherwise.
      guard state.readAt != nil, state.credentials.executed == executed else { throw error }
      logger.warning("keeping the credentials read before", metadata: ["error": "\(error)"])
    }
    state.readAt = .now
  }
}

extension ClusterConfiguration {
  /// With what a plugin gave in the place of what is written down.
  fileprivate func with(_ executed: ExecCredential?) -> ClusterConfiguration {
    guard let executed else { return self }
    var configuration = self
    configuration.bearerToken = executed.token.map { .inline([UInt8]($0.utf8), origin: "the plugin's token") }
    if let certificate = executed.clientCertificate { configuration.clientCertificate = certificate }
    return configuration
  }

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
