import Logging
import NIOCore
import NIOPosix

extension GossipHub {
  private var streamTimeout: TimeAmount { TimeAmount(configuration.settings.streamTimeout) }

  // MARK: Bytes

  /// - Returns: whether there was room.
  func charge(_ bytes: Int) -> Bool {
    guard streamBytes + bytes <= configuration.limits.allStreamBytes else { return false }
    streamBytes += bytes
    return true
  }

  func refund(_ bytes: Int) { streamBytes -= bytes }

  // MARK: Streams that others open

  func accept(_ channel: any Channel) throws {
    guard !isStopped else { throw GossipStopped() }
    let limit = configuration.limits.streams
    if streams.count >= limit { dropSilentStream() }
    guard streams.count < limit else {
      let failure = GossipStream.Failure.tooMany(limit: limit)
      refuse(failure, from: channel.remoteAddress.flatMap { GossipAddress($0) }, over: "TCP")
      throw failure
    }
    let id = StreamID(number: nextStream)
    nextStream += 1
    let stream = GossipStream(self) { result in
      self.accepted(id, result)
    } onClose: {
      self.streams[id] = nil
      self.metrics.streams(self.streams.count)
    }
    streams[id] = stream
    metrics.streams(streams.count)
    stream.limit(to: streamTimeout)
    stream.limitSilence(to: configuration.limits.firstByteTimeout)
    do {
      try stream.attach(channel)
    } catch {
      stream.close()
      throw error
    }
  }

  /// Those who have something to say come before those who hold a connection open.
  private func dropSilentStream() {
    let silent = streams.filter { !$0.value.hasSpoken }.min { $0.key.number < $1.key.number }
    silent?.value.fail(GossipStream.Failure.silent)
  }

  private func accepted(_ id: StreamID, _ result: Result<StreamMessage, any Error>) {
    guard let stream = streams[id] else { return }
    switch result {
    case .success(.ping(let ping)): handle(.streamPinged(ping, id))
    case .success(.pushPull(let state)): handle(.stateOffered(state, id))
    case .success(.user(let message)):
      if let sender = stream.remoteAddress { handle(.packet([.user(message)], from: sender)) }
      stream.close()
    case .success(.ack), .success(.error):
      refuse(
        GossipStream.Failure.unexpected("an answer that nobody asked for"), from: stream.remoteAddress, over: "TCP")
      stream.close()
    case .failure(let error):
      if !isStopped { refuse(error, from: stream.remoteAddress, over: "TCP") }
      guard error is WireError else { return stream.close() }
      // As memberlist does, so that the other side can log why.
      stream.write(.error("\(error)"), thenCloses: true)
    }
  }

  func answer(_ id: StreamID, _ message: StreamMessage) {
    streams[id]?.write(message, thenCloses: true)
  }

  // MARK: Streams that this node opens

  func exchange(_ state: PushPull, _ id: ExchangeID, with other: GossipDestination) {
    dial(other, within: streamTimeout, .pushPull(state)) { result in
      switch result {
      case .success(.pushPull(let state)): self.handle(.exchanged(id, state))
      case .success(let message):
        self.failed(GossipStream.Failure.unexpected("an exchange of states was answered by \(message.kind)"), other)
        self.handle(.exchanged(id, nil))
      case .failure(let error):
        self.failed(error, other)
        self.handle(.exchanged(id, nil))
      }
    }
  }

  func ping(_ ping: Ping, over other: GossipDestination, within limit: Duration) {
    dial(other, within: TimeAmount(limit), .ping(ping)) { result in
      guard case .success(.ack(let ack)) = result, ack.number == ping.number else {
        return self.handle(.streamPingEnded(ping.number, isAnswered: false))
      }
      self.handle(.streamPingEnded(ping.number, isAnswered: true))
    }
  }

  private func failed(_ error: any Error, _ other: GossipDestination) {
    metrics.exchangeFailed()
    guard !isStopped else { return }
    logger.debug(
      "an exchange of states failed: \(error)",
      metadata: ["with": "\(other.address)", "name": "\(other.name?.text ?? "")"])
  }

  private func dial(
    _ other: GossipDestination, within limit: TimeAmount, _ message: StreamMessage,
    _ onOutcome: @escaping (Result<StreamMessage, any Error>) -> Void
  ) {
    var stream: GossipStream?
    let made = GossipStream(self) { result in
      onOutcome(result)
      stream?.close()
    } onClose: {
      if let stream { self.dialed[ObjectIdentifier(stream)] = nil }
      stream = nil
    }
    stream = made
    dialed[ObjectIdentifier(made)] = made
    // A message that never comes back ends the stream here; the connection itself has the same time.
    made.limit(to: limit)
    guard let address = try? other.address.socketAddress() else {
      return made.fail(ChannelError.operationUnsupported)
    }
    let connected = ClientBootstrap(group: eventLoop).connectTimeout(limit).connect(to: address)
    connected.assumeIsolated().whenComplete { result in
      switch result {
      case .success(let channel):
        do {
          try made.attach(channel)
          made.write(message, thenCloses: false)
        } catch {
          channel.close(promise: nil)
        }
      case .failure(let error): made.fail(error)
      }
    }
  }
}

extension StreamMessage {
  fileprivate var kind: String {
    switch self {
    case .ping: "a ping"
    case .ack: "an acknowledgement"
    case .pushPull: "a state"
    case .user: "a user's message"
    case .error(let text): "the error '\(text.prefix(200))'"
    }
  }
}
