package import Logging
package import NIOCore
package import Raft

/// The connections to the other nodes of a cluster: dials every member, twice, and takes whoever dials this node.
///
/// Use everything on the event loop.
package final class PeerConnections: PeerTransport, Sendable {
  package let eventLoop: any EventLoop
  let hub: NIOLoopBound<PeerHub>

  /// Call on `eventLoop`, which is also that of all connections that are handed over.
  ///
  /// - Parameter tls: nil: nodes talk in plaintext.
  package init(
    identity: PeerIdentity, eventLoop: any EventLoop, configuration: Configuration, tls: NodeTLS? = nil, logger: Logger
  ) {
    self.eventLoop = eventLoop
    hub = NIOLoopBound(
      PeerHub(identity: identity, eventLoop: eventLoop, configuration: configuration, tls: tls, logger: logger),
      eventLoop: eventLoop)
  }

  /// Whom messages are for; held weakly. Messages that come before it is set are lost.
  package var events: (any PeerEvents)? {
    get { hub.value.events }
    set { hub.value.events = newValue }
  }

  /// Set the cluster's id, once it is known, before members.
  package var identity: PeerIdentity {
    get { hub.value.identity }
    set { hub.value.identity = newValue }
  }

  package var partnersClusterID: String? { hub.value.partnersClusterID }

  package func send(_ message: Message, to peer: Peer) { hub.value.send(message, to: peer) }

  package func flush() { hub.value.flush() }

  package func setMembers(_ members: [Member]) { hub.value.setMembers(members) }

  /// Takes an accepted connection whose first byte said that a peer talks; that byte is not read again.
  ///
  /// - Throws: when too many connections are in their greeting, or after `stop`; close it.
  func accept(_ channel: any Channel) throws { try hub.value.accept(channel) }

  /// Closes everything; succeeds when the last connection is closed. Nothing is dialed or taken any more.
  package func stop() -> EventLoopFuture<Void> { hub.value.stop() }
}
