import Gossip
import Logging
import NIOCore
import Raft

/// Carries out what the values beside it decide: which connections there are and which one a message takes. Confined to
/// the event loop.
final class PeerHub {
  let eventLoop: any EventLoop
  let configuration: PeerConnections.Configuration
  let tls: NodeTLS?
  let logger: Logger
  let metrics = PeerMetrics()
  let lookup: HostLookup
  weak var events: (any PeerEvents)?
  var identity: PeerIdentity {
    didSet { if identity.clusterID != oldValue.clusterID { closeOthers() } }
  }

  private var directory = PeerDirectory()
  var remotes: [Peer: RemotePeer] = [:]
  /// All that exist, dialed and accepted, from their first byte.
  var connections: [ObjectIdentifier: PeerConnection] = [:]
  /// Accepted ones without a greeting yet, and with.
  var greetingConnections = 0
  /// Attempts whose outcome is not known yet.
  var pendingDials = 0
  var refusals = LogThrottle(interval: .seconds(10))
  var failures = LogThrottle(interval: .seconds(10))
  private var unflushed: [PeerConnection] = []
  private var unreported: [Peer] = []
  private var stopped: EventLoopPromise<Void>?

  init(
    identity: PeerIdentity, eventLoop: any EventLoop, configuration: PeerConnections.Configuration, tls: NodeTLS?,
    logger: Logger
  ) {
    self.identity = identity
    self.eventLoop = eventLoop
    self.configuration = configuration
    self.tls = tls
    self.logger = logger
    lookup = HostLookup(eventLoop: eventLoop)
  }

  var isStopped: Bool { stopped != nil }

  var partnersClusterID: String? { connections.values.lazy.compactMap(\.partner?.clusterID).first }

  var limits: PeerConnection.Limits {
    PeerConnection.Limits(
      greetingTimeout: configuration.greetingTimeout, maximumFrameBytes: configuration.maximumFrameBytes,
      maximumControlBytes: configuration.maximumControlBytes, maximumDataBytes: configuration.maximumInflightBytes)
  }

  // MARK: Sending

  func send(_ message: Message, to peer: Peer) {
    let lane = PeerLane(for: message)
    let remote = remotes[peer]
    guard let connection = remote?.route(lane), connection.send(message) else { return drop(lane, remote, peer) }
    if lane == .data { _ = remote?.losses.step(.sent) }
    guard !connection.isUnflushed else { return }
    connection.isUnflushed = true
    unflushed.append(connection)
  }

  private func drop(_ lane: PeerLane, _ remote: RemotePeer?, _ peer: Peer) {
    metrics.lane(lane).dropped()
    if lane == .data, let remote { losses(.dropped, of: remote, peer) }
  }

  func flush() {
    while let connection = unflushed.popLast() { connection.flush() }
  }

  /// Tells the core, if it has to know: in a turn of its own, for the core may be the one who sends.
  func losses(_ event: LossEpisode.Event, of remote: RemotePeer, _ peer: Peer) {
    guard remote.losses.step(event), !isStopped, !unreported.contains(peer) else { return }
    unreported.append(peer)
    guard unreported.count == 1 else { return }
    eventLoop.assumeIsolated().execute {
      let peers = self.unreported
      self.unreported = []
      for peer in peers where !self.isStopped { self.events?.disconnected(peer) }
    }
  }

  // MARK: Members

  func setMembers(_ members: [Member]) {
    guard !isStopped else { return }
    for change in directory.update(members, own: identity.peer.id) {
      switch change {
      case .dial(let peer, let address): dial(peer, address)
      case .redial(let peer, let address): redial(peer, address)
      case .retire(let peer): retire(peer)
      case .reinstate(let peer): remotes[peer]?.retirement?.cancel()
      }
    }
  }

  func remote(_ peer: Peer) -> RemotePeer {
    if let remote = remotes[peer] { return remote }
    let remote = RemotePeer()
    remotes[peer] = remote
    return remote
  }

  private func dial(_ peer: Peer, _ address: String) {
    let remote = remote(peer)
    remote.links = PeerLane.allCases.map { PeerLink(peer: peer, lane: $0, address: address) }
    for link in remote.links { step(link, .due) }
  }

  private func redial(_ peer: Peer, _ address: String) {
    for link in remotes[peer]?.links ?? [] {
      link.address = address
      step(link, .addressChanged)
    }
  }

  private func retire(_ peer: Peer) {
    remotes[peer]?.retirement = eventLoop.assumeIsolated().scheduleTask(in: configuration.retirementGrace) {
      if self.directory.endRetirement(of: peer) { self.forget(peer) }
    }
  }

  private func forget(_ peer: Peer) {
    guard let remote = remotes[peer] else { return }
    for link in remote.links { step(link, .stop) }
    remote.links = []
    remote.updateRoutes()
    removeIfUnused(peer)
  }

  func removeIfUnused(_ peer: Peer) {
    if remotes[peer]?.isUnused == true { remotes[peer] = nil }
  }

  // MARK: The end

  func stop() -> EventLoopFuture<Void> {
    if let stopped { return stopped.futureResult }
    let promise = eventLoop.makePromise(of: Void.self)
    stopped = promise
    for remote in remotes.values {
      remote.retirement?.cancel()
      for link in remote.links { step(link, .stop) }
    }
    for connection in connections.values { connection.close() }
    lookup.stop()
    endIfDone()
    return promise.futureResult
  }

  func endIfDone() {
    guard let stopped, connections.isEmpty, pendingDials == 0 else { return }
    remotes = [:]
    stopped.succeed()
  }

  /// A node that has learnt its cluster is done with every other.
  private func closeOthers() {
    for connection in connections.values {
      if let partner = connection.partner, partner.clusterID != identity.clusterID { connection.close() }
    }
  }
}
