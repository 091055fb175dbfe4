import CoreMetrics
import Gossip
package import Logging
package import NIOCore
package import RPCServer
import Synchronization

/// One port for peers and gRPC: the first byte tells. With TLS, both are behind it, each with certificates of its own kind.
package struct PortMultiplexer: Sendable {
  /// Why a connection is closed after its first byte.
  private enum Refusal: Error, CustomStringConvertible {
    case plaintext
    case unexpectedTLS

    var description: String {
      switch self {
      case .plaintext: "it does not speak TLS, and this node takes nothing else: give the client its certificates"
      case .unexpectedTLS: "it speaks TLS, and this node has none: start it with --server-tls-cert-file and its like"
      }
    }
  }

  /// Between lines about connections that were refused.
  private static let interval = TimeAmount.seconds(10)

  private let peers: PeerConnections
  private let security: NodeSecurity?
  private let firstByteTimeout: TimeAmount
  private let logger: Logger
  private let throttle = Throttle()
  private let silent = Counter(label: "proglog_port_silent_connections_total")
  private let refused = Counter(label: "proglog_port_refused_connections_total")
  private let plaintext = Counter(label: "proglog_port_plaintext_connections_total")

  /// - Parameter security: of the gRPC API; that of peers is the peers'.
  package init(
    peers: PeerConnections, security: NodeSecurity? = nil, firstByteTimeout: TimeAmount = .seconds(10), logger: Logger
  ) {
    self.peers = peers
    self.security = security
    self.firstByteTimeout = firstByteTimeout
    self.logger = logger
  }

  /// Takes each connection that the server accepts: for `RPCServer.start(onAccept:)`.
  @Sendable package func accept(for server: RPCServer, _ channel: any Channel) throws {
    do {
      if try server.beginWaiting(channel) { refused.increment() }
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
      switch (spoken, security) {
      case (.peer, _): try peers.accept(channel)
      case (.plaintext, nil): try server.attach(to: channel)
      case (.tls, let security?): try attach(channel, security, to: server)
      case (.plaintext, .some): throw Refusal.plaintext
      case (.tls, nil): throw Refusal.unexpectedTLS
      }
    } catch {
      report(error, channel)
      throw error
    }
  }

  private func attach(_ channel: any Channel, _ security: NodeSecurity, to server: RPCServer) throws {
    let certificate = try security.tls.secureClient(channel)
    try server.attach(to: channel) { certificate().flatMap(security.access.caller) }
  }

  private func report(_ error: any Error, _ channel: any Channel) {
    guard let refusal = error as? Refusal else {
      refused.increment()
      return logger.debug("connection from \(String(describing: channel.remoteAddress)): \(error)")
    }
    if case .plaintext = refusal { plaintext.increment() } else { refused.increment() }
    guard let leftOut = throttle.admit() else { return }
    logger.notice(
      "refused a connection",
      metadata: [
        "peer": "\(channel.remoteAddress.map { "\($0)" } ?? "unknown")", "reason": "\(refusal)",
        "left_out": "\(leftOut)",
      ])
  }

  /// Of all connections of the port.
  private final class Throttle: Sendable {
    private let state = Mutex(LogThrottle(interval: PortMultiplexer.interval))

    func admit() -> Int? { state.withLock { $0.admit(at: .now()) } }
  }
}
