import CoreMetrics
package import Logging
package import NIOCore
package import RPCServer

/// One port for peers and gRPC: the first byte tells.
///
/// TLS comes between: its handler goes to the front of the pipeline, for gRPC when the first byte is 0x16, and for
/// peers behind 0x01.
package struct PortMultiplexer: Sendable {
  private let peers: PeerConnections
  private let firstByteTimeout: TimeAmount
  private let logger: Logger
  private let silent = Counter(label: "proglog_port_silent_connections_total")
  private let refused = Counter(label: "proglog_port_refused_connections_total")

  package init(peers: PeerConnections, firstByteTimeout: TimeAmount = .seconds(10), logger: Logger) {
    self.peers = peers
    self.firstByteTimeout = firstByteTimeout
    self.logger = logger
  }

  /// Takes each connection that the server accepts: for `RPCServer.start(onAccept:)`.
  @Sendable package func accept(for server: RPCServer, _ channel: any Channel) throws {
    do {
      try server.beginWaiting(channel)
    } catch {
      refused.increment()
      throw error
    }
    let handler = FirstByteHandler(timeout: firstByteTimeout) { spoken in
      server.endWaiting(channel)
      try attach(channel, spoken, to: server)
    } onSilence: {
      silent.increment()
    }
    try channel.pipeline.syncOperations.addHandler(handler)
  }

  private func attach(_ channel: any Channel, _ spoken: PortProtocol, to server: RPCServer) throws {
    do {
      switch spoken {
      case .peer: try peers.accept(channel)
      case .rpc: try server.attach(to: channel)
      }
    } catch {
      refused.increment()
      logger.debug("connection from \(String(describing: channel.remoteAddress)): \(error)")
      throw error
    }
  }
}
