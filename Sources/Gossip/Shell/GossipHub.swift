import CoreMetrics
import DequeModule
import Logging
import NIOCore
import NIOPosix

/// Carries out what a core says. Confined to the event loop.
final class GossipHub {
  let configuration: GossipConfiguration
  let eventLoop: any EventLoop
  let sockets: GossipSockets
  let logger: Logger
  let metrics: GossipMetrics
  let onEvent: @Sendable (GossipNode.Event) -> Void
  private(set) var core: GossipCore
  var security: GossipSecurity
  private(set) var isStopped = false
  private var isCutOff = false

  /// Events that come while the core's last actions are carried out: those of streams that end at once.
  private var events: Deque<GossipEvent> = []
  private var isStepping = false
  private var timer: (deadline: NIODeadline, task: Scheduled<Void>)?

  // Streams.
  var streams: [StreamID: GossipStream] = [:]
  var nextStream: UInt64 = 1
  var dialed: [ObjectIdentifier: GossipStream] = [:]
  var streamBytes = 0

  // Keys.
  var keyWork: EventLoopFuture<Void>
  var waitingKeyChanges = 0
  var keyringQuery: KeyringQuery?

  // Peers of an earlier life.
  var knownPeers: [KnownPeers.Peer] = []
  var peersWriter: PeersWriter?

  // Callers who wait.
  private var joins: [EventLoopPromise<(contacted: Int, of: Int)>] = []
  private var leaves: [EventLoopPromise<Bool>] = []
  private var refusal: GossipRefusal?

  // What is said of strangers and of failing sends, at most so often.
  private var refusedLog = LogThrottle()
  private var sendLog = LogThrottle()
  private var conflictLog = LogThrottle()
  private var overflowLog = LogThrottle()

  init(
    _ configuration: GossipConfiguration, address: GossipAddress, meta: [UInt8], sockets: GossipSockets,
    eventLoop: any EventLoop, logger: Logger, metrics: any MetricsFactory,
    onEvent: @escaping @Sendable (GossipNode.Event) -> Void
  ) {
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.sockets = sockets
    self.logger = logger
    self.onEvent = onEvent
    self.metrics = GossipMetrics(metrics)
    security = configuration.security
    keyWork = eventLoop.makeSucceededVoidFuture()
    var settings = configuration.settings
    if security.keyring == nil { settings.packetOverheadBytes = Self.plainOverhead }
    core = GossipCore(
      name: configuration.name, address: address, meta: meta, settings: settings,
      seed: UInt64.random(in: .min ... .max), at: .current)
  }

  /// What is around the messages of a packet that is not encrypted.
  private static let plainOverhead = MemberlistCodec.checksumOverhead + MemberlistCodec.compoundOverhead

  func start() throws {
    try sockets.receive(with: PacketHandler(self))
    sockets.whenLost { [weak self] in self?.lost() }
    startWritingPeers()
    schedule()
  }

  private func lost() {
    guard !isStopped, !isCutOff else { return }
    isCutOff = true
    logger.critical("a socket of gossip is closed: this node hears nothing more")
    onEvent(.cutOff)
  }

  // MARK: The core

  func handle(_ event: GossipEvent) {
    guard !isStopped else { return }
    events.append(event)
    guard !isStepping else { return }
    isStepping = true
    while let event = events.popFirst() {
      for action in core.step(event, at: .current) { perform(action) }
    }
    isStepping = false
    metrics.publish(core, at: .now())
    schedule()
  }

  /// A timer that is too early only looks again, which costs less than making another for each event.
  private func schedule() {
    guard !isStopped else { return }
    let deadline = NIODeadline.uptimeNanoseconds(core.deadline.nanoseconds)
    if let timer {
      guard deadline < timer.deadline else { return }
      timer.task.cancel()
    }
    let task = eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
      self?.timer = nil
      self?.handle(.timer)
    }
    timer = (deadline, task)
  }

  private func perform(_ action: GossipAction) {
    switch action {
    case .send(let messages, let receiver): send(messages, to: receiver)
    case .exchange(let state, let id, let other): exchange(state, id, with: other)
    case .answerExchange(let state, let stream): answer(stream, .pushPull(state))
    case .pingOverStream(let ping, let receiver, let limit): self.ping(ping, over: receiver, within: limit)
    case .acknowledge(let ack, let stream): answer(stream, .ack(ack))
    case .close(let stream): streams[stream]?.close()
    case .member(let event): tell(event)
    case .conflict(let name, let existing, let other): tellConflict(name, existing, other)
    case .tooManyMembers(let name, let maximum): tellTooMany(name, maximum)
    case .joined(let contacted, let count): endJoins(.success((contacted, count)))
    case .left: endLeaves(inTime: true)
    case .query(let query): answer(query)
    case .queryAnswered(let response): take(response)
    case .userEvent(let event): onEvent(.userEvent(event))
    case .refused(let reason): refused(reason)
    }
  }

  private func tell(_ event: MemberEvent) {
    logger.info(
      "member \(event.kind.rawValue)",
      metadata: ["member": "\(event.member.name)", "address": "\(event.member.address)"])
    peersChanged()
    onEvent(.member(event))
  }

  private func tellConflict(_ name: MemberName, _ existing: GossipAddress, _ other: GossipAddress) {
    if let leftOut = conflictLog.admit(at: .now()) {
      logger.error(
        "two nodes have one name, of which the first is listened to: give the other another name",
        metadata: ["name": "\(name)", "first": "\(existing)", "other": "\(other)", "left_out": "\(leftOut)"])
    }
    onEvent(.conflict(name, existing: existing, other: other))
  }

  private func tellTooMany(_ name: MemberName, _ maximum: Int) {
    guard let leftOut = overflowLog.admit(at: .now()) else { return }
    logger.error(
      "a member is not taken in, for there are \(maximum) already",
      metadata: ["name": "\(name)", "left_out": "\(leftOut)"])
  }

  private func refused(_ reason: GossipRefusal) {
    refusal = reason
    if reason == .leaving { endJoins(.failure(reason)) }
    logger.warning("gossip refused to act: \(reason)")
  }

  // MARK: Packets

  func receive(_ packet: [UInt8], from sender: GossipAddress) {
    guard !isStopped else { return }
    metrics.received(bytes: packet.count)
    do {
      let contents = try MemberlistCodec.decode(packet: try security.open(packet: packet))
      if let failure = contents.failures.first { refuse(failure, from: sender, over: "UDP") }
      if !contents.messages.isEmpty { handle(.packet(contents.messages, from: sender)) }
    } catch {
      refuse(error, from: sender, over: "UDP")
    }
  }

  private func send(_ messages: [MemberlistMessage], to receiver: GossipDestination) {
    let packet = MemberlistCodec.packet(
      of: messages.map { MemberlistCodec.encode($0) }, isChecksummed: receiver.takesChecksums)
    let sealed = security.seal(packet: packet)
    do {
      try sockets.send(sealed, to: receiver.address)
      metrics.sent(bytes: sealed.count)
    } catch {
      metrics.sendFailed()
      guard let leftOut = sendLog.admit(at: .now()) else { return }
      logger.warning(
        "cannot send gossip: \(error)",
        metadata: ["to": "\(receiver.address)", "bytes": "\(sealed.count)", "left_out": "\(leftOut)"])
    }
  }

  /// Somebody says what is no gossip of this cluster.
  func refuse(_ error: any Error, from sender: GossipAddress?, over transport: String) {
    metrics.refused(error)
    guard let leftOut = refusedLog.admit(at: .now()) else { return }
    logger.warning(
      "gossip refused: \(error)",
      metadata: [
        "from": "\(sender.map { "\($0)" } ?? "nobody")", "transport": "\(transport)", "left_out": "\(leftOut)",
      ])
  }

  // MARK: Callers

  func join(_ seeds: [GossipAddress]) -> EventLoopFuture<(contacted: Int, of: Int)> {
    let promise = eventLoop.makePromise(of: (contacted: Int, of: Int).self)
    joins.append(promise)
    let known = knownPeers.map(\.address).filter { !seeds.contains($0) }
    handle(.join(seeds + known))
    return promise.futureResult
  }

  private func endJoins(_ result: Result<(contacted: Int, of: Int), any Error>) {
    let ended = joins
    joins = []
    for promise in ended { promise.completeWith(result) }
  }

  func leave(within limit: TimeAmount) -> EventLoopFuture<Bool> {
    guard !core.hasLeft else { return eventLoop.makeSucceededFuture(true) }
    let promise = eventLoop.makePromise(of: Bool.self)
    leaves.append(promise)
    let deadline = eventLoop.assumeIsolated().scheduleTask(in: limit) { [weak self] in
      self?.endLeaves(inTime: false)
    }
    promise.futureResult.assumeIsolated().whenComplete { _ in deadline.cancel() }
    handle(.leave)
    return promise.futureResult
  }

  private func endLeaves(inTime: Bool) {
    let ended = leaves
    leaves = []
    for promise in ended { promise.succeed(inTime) }
  }

  func update(meta: [UInt8]) -> EventLoopFuture<Void> { request(.update(meta: meta)) }

  func remove(_ member: MemberName, prunes: Bool) -> EventLoopFuture<Void> {
    request(.remove(member, prunes: prunes))
  }

  /// An event that the core refuses or takes at once.
  private func request(_ event: GossipEvent) -> EventLoopFuture<Void> {
    refusal = nil
    handle(event)
    if let refusal { return eventLoop.makeFailedFuture(refusal) }
    return eventLoop.makeSucceededVoidFuture()
  }

  func shutdown() -> EventLoopFuture<Void> {
    isStopped = true
    timer?.task.cancel()
    for stream in Array(streams.values) + Array(dialed.values) { stream.close() }
    endJoins(.failure(GossipStopped()))
    endLeaves(inTime: false)
    endKeyringQuery()
    sockets.close()
    return sockets.closed.and(stopWritingPeers()).map { _ in }
  }
}

extension GossipInstant {
  static var current: Self { Self(nanoseconds: UInt64(NIODeadline.now().uptimeNanoseconds)) }
}

/// Hands packets to the hub.
final class PacketHandler: ChannelInboundHandler {
  typealias InboundIn = AddressedEnvelope<ByteBuffer>

  private let hub: GossipHub

  init(_ hub: GossipHub) { self.hub = hub }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let envelope = unwrapInboundIn(data)
    guard let sender = GossipAddress(envelope.remoteAddress) else { return }
    hub.receive(Array(buffer: envelope.data), from: sender)
  }

  /// Of reading: a datagram that another host refused. The socket stays open.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    hub.logger.debug("UDP: \(error)")
  }
}
