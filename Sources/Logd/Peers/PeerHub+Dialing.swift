import Glibc
import Gossip
import Logging
import NIOCore
import NIOPosix
import Raft

/// The connections that this node makes.
extension PeerHub {
  /// - Parameter channel: of the attempt, when it was connected.
  func step(_ link: PeerLink, _ event: PeerLinkState.Event, _ channel: (any Channel)? = nil) {
    for action in link.state.step(event, random: Double.random(in: 0..<1)) { perform(action, on: link, channel) }
    remotes[link.peer]?.updateRoutes()
  }

  private func perform(_ action: PeerLinkState.Action, on link: PeerLink, _ channel: (any Channel)?) {
    switch action {
    case .connect(let attempt): connect(link, attempt)
    case .greet: if let channel { greet(link, channel) }
    case .discard: if let channel { discard(channel) }
    case .use: use(link)
    case .lost: lose(link)
    case .close:
      link.connection?.close()
      link.connection = nil
    case .retry(let delay):
      link.timer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { [weak self] in
        self?.step(link, .due)
      }
    case .cancelRetry: link.timer?.cancel()
    }
  }

  private func use(_ link: PeerLink) {
    guard let remote = remotes[link.peer] else { return }
    remote.failures.reset()
    remote.refusals.reset()
    logger.debug("connected to a member", metadata: metadata(link))
    if link.lane == .data { losses(.ready, of: remote, link.peer) }
  }

  private func lose(_ link: PeerLink) {
    guard let remote = remotes[link.peer], link.lane == .data else { return }
    losses(.broken, of: remote, link.peer)
  }

  // MARK: Connecting

  private func connect(_ link: PeerLink, _ attempt: UInt64) {
    guard let target = HostPort(link.address) else {
      logFailure(of: link, "'\(link.address)' is no address: add the member again with host:port")
      return step(link, .failed(attempt: attempt))
    }
    pendingDials += 1
    dial(target).assumeIsolated().whenComplete { result in
      switch result {
      case .success(let channel): self.step(link, .connected(attempt: attempt), channel)
      case .failure(let error):
        self.metrics.dialFailed()
        if !self.isStopped { self.logFailure(of: link, "\(error)") }
        self.step(link, .failed(attempt: attempt))
        self.dialEnded()
      }
    }
  }

  private func dialEnded() {
    pendingDials -= 1
    endIfDone()
  }

  private func dial(_ target: HostPort) -> EventLoopFuture<any Channel> {
    let userTimeout = configuration.userTimeout
    let bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(configuration.connectTimeout)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try Self.setSocketOptions(of: channel, userTimeout) }
      }
    // What is a number needs no looking up, and no waiting behind what does.
    if let address = try? SocketAddress(ipAddress: target.host, port: target.port) {
      return bootstrap.connect(to: address)
    }
    return bootstrap.resolver(lookup.resolver(for: target)).connect(host: target.host, port: target.port)
  }

  private func greet(_ link: PeerLink, _ channel: any Channel) {
    let hello = Hello(
      clusterID: identity.clusterID, sender: identity.peer, address: identity.address, receiver: link.peer,
      lane: link.lane)
    var made: PeerConnection?
    do {
      let connection = PeerConnection(
        side: .dialer(hello), certificate: try secure(channel, link), limits: limits, metrics: metrics, owner: self)
      made = connection
      link.connection = connection
      connections[ObjectIdentifier(connection)] = connection
      try channel.pipeline.syncOperations.addHandler(connection)
      dialEnded()
    } catch {
      // It closed in the same turn.
      link.connection = nil
      if let made { connections[ObjectIdentifier(made)] = nil }
      discard(channel)
      step(link, .failed(attempt: link.state.attempt))
    }
  }

  /// The first byte of all goes ahead of TLS: it tells the other node whose certificate to ask for.
  private func secure(_ channel: any Channel, _ link: PeerLink) throws -> PeerConnection.Certificate? {
    channel.writeAndFlush(ByteBuffer(integer: PeerConnection.protocolByte), promise: nil)
    return try tls?.secureDialed(channel, host: HostPort(link.address)?.host ?? link.address)
  }

  private func discard(_ channel: any Channel) {
    channel.close().assumeIsolated().whenComplete { _ in self.dialEnded() }
  }

  /// The link whose current connection it is.
  func link(of connection: PeerConnection) -> PeerLink? {
    guard case .dialer(let hello) = connection.side else { return nil }
    return remotes[hello.receiver]?.links.first { $0.connection === connection }
  }

  // MARK: Telling

  func logFailure(of link: PeerLink, _ reason: String) {
    guard let leftOut = remotes[link.peer]?.failures.admit(at: eventLoop.now) else { return }
    log(.notice, "no connection to a member", link, reason, leftOut)
  }

  func logRefusal(of link: PeerLink, _ refusal: HelloRefusal) {
    guard let leftOut = remotes[link.peer]?.refusals.admit(at: eventLoop.now) else { return }
    log(refusal.isLasting ? .warning : .notice, "a member refuses to talk", link, refusal.explanation, leftOut)
  }

  private func log(
    _ level: Logger.Level, _ line: Logger.Message, _ link: PeerLink, _ reason: String, _ leftOut: Int
  ) {
    var metadata = metadata(link)
    metadata["reason"] = "\(reason)"
    if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
    logger.log(level: level, line, metadata: metadata)
  }

  private func metadata(_ link: PeerLink) -> Logger.Metadata {
    ["member": "\(link.peer)", "rpc_addr": "\(link.address)", "lane": "\(link.lane.name)"]
  }
}

extension PeerHub {
  /// In seconds. A connection between followers says nothing until there is an election, and should be there then: the
  /// kernel asks now and then whether the other machine still knows of it.
  private static let keepaliveIdle = 15
  private static let keepaliveInterval = 2

  static func setSocketOptions(of channel: any Channel, _ userTimeout: Duration) throws {
    guard let options = channel.syncOptions else { return }
    // Milliseconds. Behind a partition, what is sent again waits longer and longer, up to minutes; a new connection
    // does not.
    let userTimeoutMilliseconds = Int(userTimeout / .milliseconds(1))
    try options.setOption(.tcpOption(.tcp_nodelay), value: 1)
    try options.setOption(.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), value: userTimeoutMilliseconds)
    try options.setOption(.socketOption(.so_keepalive), value: 1)
    try options.setOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: keepaliveIdle)
    try options.setOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: keepaliveInterval)
  }
}
