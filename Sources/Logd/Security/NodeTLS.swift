import Certificates
import NIOCore

/// Gives connections their TLS: one set of files for clients, another for nodes. Each can be replaced while the node runs.
package struct NodeTLS: Sendable {
  let server: ReloadableTLS
  let peer: ReloadableTLS
  let reports: HandshakeReports

  /// - Throws: `TLSMaterialError` for files that are wrong.
  init(server: NodeTLSFiles, peer: NodeTLSFiles, reports: HandshakeReports) async throws {
    self.server = try await ReloadableTLS(server.sources, profile: .server)
    self.peer = try await ReloadableTLS(peer.sources, profile: .node)
    self.reports = reports
  }

  /// What new connections go by at the moment.
  package var fingerprints: NodeFingerprints {
    NodeFingerprints(server: .init(server.current.material), peer: .init(peer.current.material))
  }

  /// For one who calls the gRPC API.
  ///
  /// - Returns: who that is, once the handshake is through.
  func secureClient(_ channel: any Channel) throws -> () -> CertificateIdentity? {
    try secure(channel, server.current, for: .client, port: .rpc)
  }

  /// For one who calls the HTTP API.
  func secureHTTPClient(_ channel: any Channel) throws {
    _ = try secure(channel, server.current, for: .httpClient, port: .http)
  }

  /// For a node that calls.
  ///
  /// - Returns: who that is, once the handshake is through.
  func securePeer(_ channel: any Channel) throws -> () -> CertificateIdentity? {
    try secure(channel, peer.current, for: .node, port: .peer)
  }

  /// For a node that is called.
  ///
  /// - Parameter host: what its certificate has to name.
  /// - Returns: who that is, once the handshake is through.
  func secureDialed(_ channel: any Channel, host: String) throws -> () -> CertificateIdentity? {
    let pipeline = channel.pipeline.syncOperations
    try peer.current.addClientHandlers(to: pipeline, serverName: host, requiring: .node)
    return try watch(pipeline, .dialed)
  }

  private func secure(
    _ channel: any Channel, _ contexts: TLSContexts, for caller: TLSContexts.Caller, port: HandshakeReports.Port
  ) throws -> () -> CertificateIdentity? {
    let pipeline = channel.pipeline.syncOperations
    try contexts.addServerHandlers(to: pipeline, for: caller)
    return try watch(pipeline, port)
  }

  private func watch(
    _ pipeline: ChannelPipeline.SynchronousOperations, _ port: HandshakeReports.Port
  ) throws -> () -> CertificateIdentity? {
    let admission = try pipeline.handler(type: PeerAdmissionHandler.self)
    try pipeline.addHandler(HandshakeWatcher(port: port, reports: reports), position: .after(admission))
    return { [weak admission] in admission?.identity }
  }
}

extension NodeTLSFiles {
  fileprivate var sources: TLSSources { TLSSources(certificate: certificate, key: key, trust: authorities) }
}
