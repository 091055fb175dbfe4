package import Raft

/// The way to the other nodes: messages may be lost, and are when there is no connection or too much waits for one. Confined to the
/// event loop of the replica.
package protocol PeerTransport: AnyObject {
  /// Who this node is to others. Its cluster is set, once it is known, before members are.
  var identity: PeerIdentity { get set }

  /// The cluster of those who are connected; nil: nobody is.
  var partnersClusterID: String? { get }

  /// Sends with the next ``flush()``.
  func send(_ message: Message, to peer: Peer)

  /// Hands to the sockets what was sent since the last one: once for each turn of the event loop.
  func flush()

  /// Whom to be connected to from now on; this node itself is ignored. An address that changed is connected to anew.
  func setMembers(_ members: [Member])
}

/// What comes from other nodes. Called on the event loop of the replica.
package protocol PeerEvents: AnyObject {
  func received(_ message: Message, from peer: Peer)
  /// What was sent to it may not have arrived.
  func disconnected(_ peer: Peer)
}

/// Who this node is to others.
package struct PeerIdentity: Sendable {
  package var peer: Peer
  /// nil: it is in no cluster yet, and takes the first that names it.
  package var clusterID: String?
  /// host:port where others reach it.
  package var address: String

  package init(peer: Peer, clusterID: String?, address: String) {
    self.peer = peer
    self.clusterID = clusterID
    self.address = address
  }
}
