import Logging
import NIOCore
import NIOPosix
import RPCServer
import Synchronization
import TestSupport

@testable import Logd
@testable import Raft

/// A node that is nothing but its port: peers and gRPC's health service, on loopback.
struct PeerNode: Sendable {
  let peer: Peer
  let peers: PeerConnections
  let server: RPCServer
  let inbox: PeerInbox
  let port: Int

  var address: String { "127.0.0.1:\(port)" }
  var member: Member { Member(peer: peer, address: address, role: .voter) }

  /// Long times, so that no test meets them by chance.
  static var defaults: PeerConnections.Configuration {
    PeerConnections.Configuration(
      electionTimeout: .seconds(60), maximumFrameBytes: 4 << 20, maximumInflightBytes: 8 << 20)
  }

  static func start(
    _ peer: Peer, cluster: String? = "c", on group: MultiThreadedEventLoopGroup, port: Int = 0,
    configuration: PeerConnections.Configuration = defaults, firstByteTimeout: TimeAmount = .seconds(60),
    waiting: Int = 10_000, logger: Logger = .silent
  ) async throws -> PeerNode {
    let loop = group.next()
    let inbox = PeerInbox()
    let peers = try await loop.submit {
      let peers = PeerConnections(
        identity: PeerIdentity(peer: peer, clusterID: cluster, address: ""), eventLoop: loop,
        configuration: configuration, logger: logger)
      peers.events = inbox
      return peers
    }.get()
    var limits = RPCServer.Configuration.defaults
    limits.listenAddresses = [.init(host: "127.0.0.1", port: port)]
    limits.maximumWaitingConnections = waiting
    let server = RPCServer(
      configuration: limits, router: RPCRouter(HealthService().methods), eventLoopGroup: group, logger: logger)
    let multiplexer = PortMultiplexer(peers: peers, firstByteTimeout: firstByteTimeout, logger: logger)
    let bound = try await server.start(onAccept: multiplexer.accept).first?.port
    guard let bound else { throw NeverHappened(description: "no port") }
    try await loop.submit { peers.identity.address = "127.0.0.1:\(bound)" }.get()
    return PeerNode(peer: peer, peers: peers, server: server, inbox: inbox, port: bound)
  }

  func stop() async throws {
    try await peers.eventLoop.flatSubmit { peers.stop() }.get()
    try await server.shutdown(deadline: .now())
  }

  func setMembers(_ members: [Member]) async throws {
    try await peers.eventLoop.submit { peers.setMembers(members) }.get()
  }

  /// Sends in one turn of the loop.
  func send(_ messages: [Message], to peer: Peer) async throws {
    try await peers.eventLoop.submit {
      for message in messages { peers.send(message, to: peer) }
      peers.flush()
    }.get()
  }

  /// Sends heartbeats and an entry until they arrive: both lanes are there.
  func reach(_ node: PeerNode) async throws {
    try await eventually("\(peer) reaches \(node.peer)") {
      try await send([PeerSamples.heartbeat(0), PeerSamples.append([0], at: 2)], to: node.peer)
      let received = node.inbox.messages(from: peer)
      return Set(received.map { PeerLane(for: $0) }).count == 2 ? true : nil
    }
  }

  /// How many connections are open: dialed, accepted.
  func connections() async throws -> (dialed: Int, accepted: Int) {
    try await peers.eventLoop.submit {
      let open = peers.hub.value.connections.values.filter { $0.partner != nil }
      return (open.count { $0.isDialed }, open.count { !$0.isDialed })
    }.get()
  }
}

/// What a node hears.
final class PeerInbox: PeerEvents, Sendable {
  private struct State {
    var messages: [(message: Message, sender: Peer)] = []
    var lost: [Peer] = []
    var onMessage: (@Sendable (Message, Peer) -> Void)?
  }

  private let state = Mutex(State())

  func received(_ message: Message, from peer: Peer) {
    let onMessage = state.withLock { state in
      state.messages.append((message, peer))
      return state.onMessage
    }
    onMessage?(message, peer)
  }

  func disconnected(_ peer: Peer) { state.withLock { $0.lost.append(peer) } }

  func messages(from peer: Peer) -> [Message] {
    state.withLock { $0.messages.filter { $0.sender == peer }.map(\.message) }
  }

  var lost: [Peer] { state.withLock { $0.lost } }
  func onMessage(_ body: @escaping @Sendable (Message, Peer) -> Void) { state.withLock { $0.onMessage = body } }
  func clear() {
    state.withLock {
      $0.messages = []
      $0.lost = []
    }
  }
}

extension Logger {
  static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Runs a test on an event loop of its own.
func withLoop(_ body: (MultiThreadedEventLoopGroup) async throws -> Void) async throws {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  let result: Result<Void, any Error>
  do { result = .success(try await body(group)) } catch { result = .failure(error) }
  try await group.shutdownGracefully()
  try result.get()
}
