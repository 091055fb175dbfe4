import NIOCore
import Raft

/// What is dialed: one lane to one member. Confined to the event loop.
final class PeerLink {
  let peer: Peer
  let lane: PeerLane
  /// host:port.
  var address: String
  var state = PeerLinkState()
  /// Of the current attempt, once it is connected.
  var connection: PeerConnection?
  var timer: Scheduled<Void>?

  init(peer: Peer, lane: PeerLane, address: String) {
    self.peer = peer
    self.lane = lane
    self.address = address
  }
}
