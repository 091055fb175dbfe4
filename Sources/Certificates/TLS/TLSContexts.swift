package import NIOCore
import NIOSSL

/// One set of certificate, key and authorities, ready for connections. Immutable: connections keep the set with which they
/// began, and a set that was replaced goes away with the last of them.
package struct TLSContexts: Sendable {
  /// Who calls, and in what.
  package enum Caller: Sendable, CaseIterable {
    /// Anybody with a certificate for clients, which a node and an administrator may be too, in gRPC: HTTP/2 (RFC 9113 §3.2).
    case client
    /// The same in HTTP/1.1 only: offered HTTP/2, curl would take it.
    case httpClient
    /// A node, in a protocol without ALPN.
    case node

    fileprivate var profile: CertificateProfile { self == .node ? .node : .client }

    fileprivate var applicationProtocols: [String] {
      switch self {
      case .client: ["h2"]
      case .httpClient: ["http/1.1"]
      case .node: []
      }
    }
  }

  package let material: TLSMaterial
  /// How many sets there were before it.
  package let generation: Int
  private let verifier: CertificateVerifier
  private let clock: WallClock
  // One for each kind of caller: a context makes the keys of its session tickets, so that a session that was begun as a
  // client's cannot be resumed as a node's.
  private let servers: [Caller: NIOSSLContext]
  private let client: NIOSSLContext

  package init(
    _ material: TLSMaterial, generation: Int = 0, clock: WallClock = WallClock()
  ) throws(TLSMaterialError) {
    self.material = material
    self.generation = generation
    self.clock = clock
    verifier = CertificateVerifier(trust: material.trust)
    var servers: [Caller: NIOSSLContext] = [:]
    for caller in Caller.allCases {
      let configuration = try material.serverConfiguration(applicationProtocols: caller.applicationProtocols)
      servers[caller] = try Self.context(configuration, material)
    }
    self.servers = servers
    var configuration = try material.clientConfiguration(applicationProtocols: [])
    // Not less: our verification looks for the name, and BoringSSL's is not asked.
    configuration.certificateVerification = .noHostnameVerification
    client = try Self.context(configuration, material)
  }

  private static func context(
    _ configuration: TLSConfiguration, _ material: TLSMaterial
  ) throws(TLSMaterialError) -> NIOSSLContext {
    do { return try NIOSSLContext(configuration: configuration) } catch {
      throw TLSMaterialError(source: material.sources.certificate, problem: .tls("\(error)"))
    }
  }
}

extension TLSContexts {
  /// TLS for a connection that somebody else has opened: NIOSSL's handler, and ``PeerAdmissionHandler`` behind it.
  package func addServerHandlers(
    to pipeline: ChannelPipeline.SynchronousOperations, for caller: Caller,
    timeout: TimeAmount = PeerAdmissionHandler.defaultTimeout
  ) throws {
    guard let context = servers[caller] else { preconditionFailure("there is a context for each caller") }
    let verification = PeerVerification(verifier, PeerRequirement(caller.profile), clock: clock)
    let tls = NIOSSLServerHandler(
      context: context, customVerificationCallbackWithMetadata: verification.callback)
    try pipeline.addHandlers(tls, PeerAdmissionHandler(verification, timeout: timeout))
  }

  /// TLS for a connection that we open to a node.
  ///
  /// - Parameters:
  ///   - serverName: the host name or address that was called, without port.
  ///   - profile: `.node`, or `.server` for whatever serves.
  package func addClientHandlers(
    to pipeline: ChannelPipeline.SynchronousOperations, serverName: String, requiring profile: CertificateProfile,
    timeout: TimeAmount = PeerAdmissionHandler.defaultTimeout
  ) throws {
    let name = ServerName(serverName)
    let verification = PeerVerification(verifier, PeerRequirement(profile, serverName: name), clock: clock)
    // An address is not sent: RFC 6066 §3 has host names only.
    let indication: String? = if case .host(let host) = name { host } else { nil }
    let tls = try NIOSSLClientHandler(
      context: client, serverHostname: indication, customVerificationCallbackWithMetadata: verification.callback)
    try pipeline.addHandlers(tls, PeerAdmissionHandler(verification, timeout: timeout))
  }
}
