package import NIOCore
import NIOSSL

/// One set of certificate, key and authorities, ready for connections. Immutable: connections keep the set with which they
/// began, and a set that was replaced goes away with the last of them.
package struct TLSContexts: Sendable {
  /// ALPN of gRPC and of HTTP/2 (RFC 9113 §3.2).
  package static let http2 = ["h2"]

  package let material: TLSMaterial
  /// How many sets there were before it.
  package let generation: Int
  private let verifier: CertificateVerifier
  private let clock: WallClock
  // One for each kind of peer: a context makes the keys of its session tickets, so that a session that was begun as a
  // client's cannot be resumed as a node's.
  private let server: NIOSSLContext
  private let peerServer: NIOSSLContext
  private let client: NIOSSLContext

  /// - Parameter applicationProtocols: of the server for clients, and of the client.
  package init(
    _ material: TLSMaterial, generation: Int = 0, applicationProtocols: [String] = TLSContexts.http2,
    clock: WallClock = WallClock()
  ) throws(TLSMaterialError) {
    self.material = material
    self.generation = generation
    self.clock = clock
    verifier = CertificateVerifier(trust: material.trust)
    server = try Self.context(try material.serverConfiguration(applicationProtocols: applicationProtocols), material)
    peerServer = try Self.context(try material.serverConfiguration(applicationProtocols: []), material)
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
  /// TLS for a connection that a peer has opened: NIOSSL's handler, and ``PeerAdmissionHandler`` behind it.
  ///
  /// - Parameter profile: whose certificate the peer needs: `.client` where clients call, which a node and an
  ///   administrator may do too; `.node` where only nodes may.
  package func addServerHandlers(
    to pipeline: ChannelPipeline.SynchronousOperations, requiring profile: CertificateProfile,
    timeout: TimeAmount = PeerAdmissionHandler.defaultTimeout
  ) throws {
    let verification = PeerVerification(verifier, PeerRequirement(profile), clock: clock)
    let tls = NIOSSLServerHandler(
      context: profile == .node ? peerServer : server, customVerificationCallbackWithMetadata: verification.callback)
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
