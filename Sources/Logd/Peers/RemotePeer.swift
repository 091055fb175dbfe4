import Gossip
import NIOCore
import Raft

/// All ways to one peer. Confined to the event loop.
final class RemotePeer {
  /// One for each lane, or none: it is no member.
  var links: [PeerLink] = []
  /// Connections that it dialed, one for each lane.
  private(set) var accepted: [PeerLane: PeerConnection] = [:]
  /// Of what is sent on the data lane.
  var losses = LossEpisode()
  /// Ends the time that is left to one who is no member any more.
  var retirement: Scheduled<Void>?
  /// That it cannot be reached, and that it refuses, is said once in a while.
  var failures = LogThrottle(interval: .seconds(60))
  var refusals = LogThrottle(interval: .seconds(60))
  private var controlRoute: PeerConnection?
  private var dataRoute: PeerConnection?

  var isUnused: Bool { links.isEmpty && accepted.isEmpty }

  /// The connection that a message takes.
  func route(_ lane: PeerLane) -> PeerConnection? {
    switch lane {
    case .control: controlRoute
    case .data: dataRoute
    }
  }

  /// - Returns: the one whose place it takes.
  func accept(_ connection: PeerConnection, _ lane: PeerLane) -> PeerConnection? {
    defer { updateRoutes() }
    return accepted.updateValue(connection, forKey: lane)
  }

  /// Forgets it, unless another has its place.
  func remove(_ connection: PeerConnection, _ lane: PeerLane) {
    guard accepted[lane] === connection else { return }
    accepted[lane] = nil
    updateRoutes()
  }

  /// Call it when a connection has opened or gone.
  func updateRoutes() {
    var ready: [PeerRoute: PeerConnection] = [:]
    for link in links where link.state.phase == .ready {
      ready[PeerRoute(isDialed: true, lane: link.lane)] = link.connection
    }
    for (lane, connection) in accepted { ready[PeerRoute(isDialed: false, lane: lane)] = connection }
    func route(_ lane: PeerLane) -> PeerConnection? {
      PeerRoute.choose(for: lane) { ready[$0] != nil }.flatMap { ready[$0] }
    }
    controlRoute = route(.control)
    dataRoute = route(.data)
  }
}
