import GRPCCore
import GRPCNIOTransportHTTP2Posix
import ProgLogAPI
import Synchronization

/// A server and the connection to it.
struct Node: Sendable {
  typealias Connection = GRPCClient<HTTP2ClientTransport.Posix>

  let address: NodeAddress
  let connection: Connection

  var log: Log_V1_Log.Client<HTTP2ClientTransport.Posix> { Log_V1_Log.Client(wrapping: self.connection) }
}

/// One connection for each server, made when it is first needed.
final class ConnectionPool: Sendable {
  /// Where a connection goes, and the name that the server is to have.
  struct Target: Sendable, Hashable {
    var address: NodeAddress
    /// `nil`: the address's host.
    var serverName: String?
  }

  private struct State {
    var connections: [Target: Node.Connection] = [:]
    var material: TLSMaterial?
    var isShutDown = false
  }

  private let security: ClientSecurity
  private let transport: HTTP2ClientTransport.Posix.Config
  private let run: @Sendable (Node.Connection) -> Void
  private let state: Mutex<State>

  /// - Parameter run: is given each new connection, to run it until it has ended.
  /// - Throws: ``ProgLogError/invalidTLS(file:reason:)``.
  init(
    security: ClientSecurity, transport: HTTP2ClientTransport.Posix.Config,
    run: @escaping @Sendable (Node.Connection) -> Void
  ) throws(ProgLogError) {
    self.security = security
    self.transport = transport
    self.run = run
    self.state = Mutex(State(material: try security.material()))
  }

  /// - Throws: ``ProgLogError/invalidTLS(file:reason:)``, or ``ProgLogError/closed``.
  func node(at target: Target) throws(ProgLogError) -> Node {
    let result = self.state.withLock { state -> Result<(Node.Connection, isNew: Bool), ProgLogError> in
      if let connection = state.connections[target] { return .success((connection, false)) }
      if state.isShutDown { return .failure(.closed) }
      do throws(ProgLogError) {
        let transport = try self.security.transport(
          to: target.address, serverName: target.serverName, material: state.material, config: self.transport)
        let connection = GRPCClient(transport: transport, interceptors: [CallTracker.Interceptor()])
        state.connections[target] = connection
        return .success((connection, true))
      } catch {
        return .failure(error)
      }
    }
    let (connection, isNew) = try result.get()
    if isNew { self.run(connection) }
    return Node(address: target.address, connection: connection)
  }

  /// Gives up a connection on which nothing came: one whose peer is gone without a word would swallow the next calls too.
  /// Calls that are still on it end by themselves.
  func discard(_ node: Node) {
    let dropped = self.state.withLock { state in
      let targets = state.connections.filter { $0.value === node.connection }.keys
      return targets.compactMap { state.connections.removeValue(forKey: $0) }
    }
    for connection in dropped { connection.beginGracefulShutdown() }
  }

  /// Lets go of connections to servers that are none any more, once their calls have ended.
  func keepOnly(_ addresses: Set<NodeAddress>) {
    let dropped = self.state.withLock { state in
      let targets = state.connections.keys.filter { !addresses.contains($0.address) }
      return targets.compactMap { state.connections.removeValue(forKey: $0) }
    }
    for connection in dropped { connection.beginGracefulShutdown() }
  }

  /// Looks whether the files of TLS are others, and makes connections anew then. Files that do not fit together, as when only
  /// one of them has been written yet, change nothing.
  func reloadMaterial() {
    guard let material = try? self.security.material() else { return }
    let dropped = self.state.withLock { state -> [Node.Connection] in
      guard material != state.material else { return [] }
      let probe = NodeAddress(host: "127.0.0.1", port: 1)
      let isUsable =
        (try? self.security.transport(
          to: probe, serverName: nil, material: material, config: self.transport)) != nil
      guard isUsable else { return [] }
      state.material = material
      defer { state.connections = [:] }
      return Array(state.connections.values)
    }
    for connection in dropped { connection.beginGracefulShutdown() }
  }

  /// Lets calls come to their end, and takes no others.
  func shutDown() {
    let connections = self.state.withLock { state in
      state.isShutDown = true
      defer { state.connections = [:] }
      return Array(state.connections.values)
    }
    for connection in connections { connection.beginGracefulShutdown() }
  }
}
