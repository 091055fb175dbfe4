package import Logging
package import NIOCore
import NIOPosix
import Synchronization

/// A gRPC server on the event loop, over swift-nio-http2. It knows no service.
///
/// One port for several protocols: `start(onAccept:)` hands over each accepted channel, on its event loop and before it
/// reads. The default attaches gRPC in plaintext. A first-byte sniffer calls `beginWaiting` and adds its own handler instead; once
/// it has seen enough, it calls `endWaiting`, adds TLS if that is what it is, calls `attach(to:)`, and replays to the pipeline what
/// it had buffered.
package final class RPCServer: Sendable {
  /// Why a connection or a server could not be set up.
  package enum SetupError: Error, Equatable {
    /// `maximumConnections` are open. The connection is closed before the server's SETTINGS: to a client that is a
    /// connection that failed, which it tries again elsewhere or later and later; a GOAWAY behind SETTINGS would be one
    /// that succeeded, and bring it back at once.
    case tooManyConnections(limit: Int)
    /// The server is on its way out.
    case shuttingDown
  }

  private struct Connection {
    let channel: any Channel
    let handler: NIOLoopBound<RPCConnectionHandler>
  }

  private struct State {
    var listeners: [any Channel] = []
    var connections: [ObjectIdentifier: Connection] = [:]
    /// Accepted, and not yet known to speak gRPC.
    var waiting = WaitingConnections()
    var isDraining = false

    var isDrained: Bool { isDraining && connections.isEmpty && waiting.isEmpty }
  }

  private let environment: RPCServerEnvironment
  private let eventLoopGroup: any EventLoopGroup
  private let state = Mutex(State())
  /// Succeeds when the server drains and no connection is left.
  private let drained: EventLoopPromise<Void>

  package init(
    configuration: Configuration = .defaults, router: RPCRouter, interceptors: [RPCInterceptor] = [],
    observer: (any RPCObserver)? = nil, eventLoopGroup: any EventLoopGroup, logger: Logger
  ) {
    environment = RPCServerEnvironment(
      configuration: configuration, router: router, interceptors: interceptors, observer: observer, logger: logger)
    self.eventLoopGroup = eventLoopGroup
    drained = eventLoopGroup.next().makePromise()
  }

  deinit {
    // A promise must be fulfilled, also that of a server that was never shut down.
    drained.succeed()
  }

  /// Listens on every configured address, and returns those in the same order with the ports that were chosen.
  package func start(
    onAccept: @escaping @Sendable (RPCServer, any Channel) throws -> Void = { try $0.attach(to: $1) }
  ) async throws -> [SocketAddress] {
    var addresses: [SocketAddress] = []
    for address in environment.configuration.listenAddresses {
      let listener = try await bootstrap(onAccept).bind(host: address.host, port: address.port).get()
      let accepted = state.withLock { state in
        if !state.isDraining { state.listeners.append(listener) }
        return !state.isDraining
      }
      guard accepted, let bound = listener.localAddress else {
        try await listener.close()
        throw SetupError.shuttingDown
      }
      addresses.append(bound)
    }
    return addresses
  }

  /// Adds HTTP/2 and gRPC to an accepted channel, active or not. Call it on the channel's event loop. If bytes were read
  /// already, fire them at the pipeline afterwards.
  ///
  /// - Parameter identify: says who the peer is, when its first call comes: `RPCPeer.identity`.
  package func attach(to channel: any Channel, identify: (() -> (any Sendable)?)? = nil) throws {
    let flushes = FlushCoalescingHandler()
    let limits = environment.configuration.connection
    let abuse = AbuseGuard(limits: limits.abuse, frameTimeout: limits.frameTimeout)
    let handler = RPCConnectionHandler(
      environment: environment, eventLoop: channel.eventLoop, flushes: flushes, abuse: abuse, identify: identify)
    try register(Connection(channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop)))
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandlers(flushes, abuse)
    try pipeline.addHandler(makeHTTP2Handler(for: handler))
    try pipeline.addHandler(handler)
  }

  /// Counts an accepted connection that has not said yet what it speaks, until `endWaiting` or until it closes. Where there are too
  /// many the one that has said nothing for longest is closed; when the server shuts down all are.
  ///
  /// - Returns: whether one was closed for it.
  package func beginWaiting(_ channel: any Channel) throws(SetupError) -> Bool {
    let limit = environment.configuration.maximumWaitingConnections
    let (isDraining, displaced) = state.withLock { state in
      state.isDraining ? (true, nil) : (false, state.waiting.insert(channel, limit: limit))
    }
    if isDraining { throw .shuttingDown }
    channel.closeFuture.whenComplete { _ in self.endWaiting(channel) }
    displaced?.close(promise: nil)
    return displaced != nil
  }

  /// The connection has said what it speaks: attach it, or it is none of this server's.
  package func endWaiting(_ channel: any Channel) {
    let isLast = state.withLock { state in
      state.waiting.remove(channel) && state.isDrained
    }
    if isLast { drained.succeed() }
  }

  /// Stops listening and taking calls. Calls in flight go on; each connection closes when its last call has ended.
  package func beginGracefulShutdown() {
    let (listeners, connections, waiting, isDrained) = state.withLock { state in
      state.isDraining = true
      defer { state.listeners = [] }
      return (state.listeners, Array(state.connections.values), state.waiting.all, state.isDrained)
    }
    for channel in listeners + waiting { channel.close(promise: nil) }
    for connection in connections {
      connection.channel.eventLoop.execute { connection.handler.value.beginDraining() }
    }
    if isDrained { drained.succeed() }
  }

  /// Shuts down gracefully until `deadline`; what is still open then ends with UNAVAILABLE. Returns when every
  /// connection is closed.
  package func shutdown(deadline: NIODeadline) async throws {
    beginGracefulShutdown()
    let timer = eventLoopGroup.next().scheduleTask(deadline: deadline) {
      for connection in self.state.withLock({ Array($0.connections.values) }) {
        connection.channel.eventLoop.execute { connection.handler.value.terminate() }
      }
    }
    try await drained.futureResult.get()
    timer.cancel()
  }

  /// Connections that have not said yet what they speak.
  package var waitingConnections: Int { state.withLock { $0.waiting.count } }

  /// Connections that are open now.
  package var openConnections: Int { state.withLock { $0.connections.count } }

  private func register(_ connection: Connection) throws(SetupError) {
    let id = ObjectIdentifier(connection.channel)
    let limit = environment.configuration.maximumConnections
    let refusal: SetupError? = state.withLock { state in
      if state.isDraining { return .shuttingDown }
      if state.connections.count >= limit { return .tooManyConnections(limit: limit) }
      state.connections[id] = connection
      return nil
    }
    if let refusal { throw refusal }
    connection.channel.closeFuture.whenComplete { _ in
      let isLast = self.state.withLock { state in
        state.connections[id] = nil
        return state.isDrained
      }
      if isLast { self.drained.succeed() }
    }
  }

  private func bootstrap(_ onAccept: @escaping @Sendable (RPCServer, any Channel) throws -> Void) -> ServerBootstrap {
    ServerBootstrap(group: eventLoopGroup)
      .serverChannelOption(.backlog, value: Self.backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          // Running out of descriptors must not spin on accept.
          try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
        }
      }
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          do {
            try onAccept(self, channel)
          } catch {
            self.environment.logger.debug("connection from \(String(describing: channel.remoteAddress)): \(error)")
            throw error
          }
        }
      }
  }

  /// Connections that wait to be accepted.
  private static let backlog: Int32 = 1024
}
