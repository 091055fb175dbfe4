import Gossip
import Logging
import NIOCore
import NIOPosix
import Raft

/// Why an accepted connection is not taken.
enum PeerAcceptError: Error, Hashable {
  case tooManyGreetings(limit: Int)
  case stopped
}

/// The connections that others make.
extension PeerHub {
  func accept(_ channel: any Channel) throws {
    guard !isStopped else { throw PeerAcceptError.stopped }
    guard greetingConnections < configuration.maximumGreeting else {
      throw PeerAcceptError.tooManyGreetings(limit: configuration.maximumGreeting)
    }
    try Self.setSocketOptions(of: channel, configuration.userTimeout)
    let certificate = try tls?.securePeer(channel)
    let connection = PeerConnection(
      side: .acceptor, certificate: certificate, limits: limits, metrics: metrics, owner: self)
    greetingConnections += 1
    connections[ObjectIdentifier(connection)] = connection
    do {
      try channel.pipeline.syncOperations.addHandler(connection)
    } catch {
      greetingConnections -= 1
      connections[ObjectIdentifier(connection)] = nil
      throw error
    }
  }

  private func refusal(of greeting: Greeting<Hello>, on connection: PeerConnection) -> HelloRefusal? {
    guard case .known(let hello) = greeting else { return .version }
    guard connection.isCertified(as: hello.sender.id) else { return .otherCertificate }
    if let refusal = identity.refusal(of: hello, courting: partnersClusterID) { return refusal }
    // A second one takes the place of the first: its peer has lost that.
    if remotes[hello.sender]?.accepted[hello.lane] != nil { return nil }
    let accepted = remotes.values.reduce(0) { $0 + $1.accepted.count }
    return accepted < configuration.maximumAccepted ? nil : .busy
  }

  private func openedAccepted(_ connection: PeerConnection, _ partner: PeerConnection.Partner) {
    greetingConnections -= 1
    let remote = remote(partner.peer)
    remote.accept(connection, partner.lane)?.close()
    if partner.lane == .data { losses(.ready, of: remote, partner.peer) }
  }

  private func endedAccepted(_ connection: PeerConnection) {
    guard let partner = connection.partner else { return greetingConnections -= 1 }
    guard let remote = remotes[partner.peer] else { return }
    remote.remove(connection, partner.lane)
    if partner.lane == .data, connection.hasSent { losses(.broken, of: remote, partner.peer) }
    removeIfUnused(partner.peer)
  }
}

extension PeerHub: PeerConnectionOwner {
  func answer(_ greeting: Greeting<Hello>, on connection: PeerConnection) -> HelloAnswer {
    let refusal = refusal(of: greeting, on: connection)
    if let refusal {
      metrics.refused(refusal, isDialed: false)
      logRefusal(refusal, of: greeting)
    }
    return HelloAnswer(refusal: refusal, clusterID: identity.clusterID, peer: identity.peer)
  }

  private func logRefusal(_ refusal: HelloRefusal, of greeting: Greeting<Hello>) {
    guard let leftOut = refusals.admit(at: eventLoop.now) else { return }
    var metadata: Logger.Metadata = ["reason": "\(refusal.name)"]
    if case .known(let hello) = greeting {
      metadata["from"] = "\(hello.sender)"
      metadata["from_addr"] = "\(hello.address)"
      metadata["from_cluster"] = "\(hello.clusterID ?? "")"
      metadata["to"] = "\(hello.receiver) \(hello.receiver.incarnation)"
    }
    if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
    logger.notice("refused a node that would talk to this one", metadata: metadata)
  }

  func opened(_ connection: PeerConnection) {
    guard let partner = connection.partner, !isStopped else { return connection.close() }
    guard connection.isDialed else { return openedAccepted(connection, partner) }
    // The cluster may have become known in between; or the link was given up.
    guard let link = link(of: connection), partner.clusterID == identity.clusterID else { return connection.close() }
    step(link, .welcomed(attempt: link.state.attempt))
  }

  func refused(_ connection: PeerConnection, _ refusal: HelloRefusal, by peer: Peer?) {
    metrics.refused(refusal, isDialed: true)
    guard let link = link(of: connection) else { return }
    logRefusal(of: link, refusal)
    step(link, .refused(refusal, attempt: link.state.attempt))
  }

  func received(_ message: Message, on connection: PeerConnection) {
    guard let partner = connection.partner else { return }
    events?.received(message, from: partner.peer)
  }

  func failed(_ connection: PeerConnection, _ error: any Error) {
    // A connection that broke is no fault of what came over it.
    let isBroken = error is IOError || error is ChannelError
    if !isBroken { connection.partner == nil ? metrics.greetingFailed() : metrics.frameFailed() }
    if let link = link(of: connection) { return logFailure(of: link, "\(error)") }
    guard !isBroken, let leftOut = failures.admit(at: eventLoop.now) else { return }
    var metadata: Logger.Metadata = ["error": "\(error)"]
    if let partner = connection.partner { metadata["from"] = "\(partner.peer)" }
    if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
    logger.notice("closing a connection from a node", metadata: metadata)
  }

  func ended(_ connection: PeerConnection) {
    connections[ObjectIdentifier(connection)] = nil
    if let link = link(of: connection) {
      link.connection = nil
      if connection.partner == nil { logFailure(of: link, "the connection was closed before it was greeted") }
      step(link, .failed(attempt: link.state.attempt))
    } else if !connection.isDialed {
      endedAccepted(connection)
    }
    endIfDone()
  }
}
