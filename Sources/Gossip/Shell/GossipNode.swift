package import CoreMetrics
package import Logging
package import NIOCore
import NIOPosix

/// A member of a gossiping cluster: the shell around a ``GossipCore``, on one event loop.
///
/// Gossip speaks no TLS. What keeps strangers out is the keyring: whoever has none of its keys can neither read nor say
/// anything, and is refused, counted and logged.
package final class GossipNode: Sendable {
  /// What happens, told on the event loop.
  package enum Event: Sendable {
    case member(MemberEvent)
    case userEvent(UserEvent)
    /// Another node at another address claims a name that is taken.
    case conflict(MemberName, existing: GossipAddress, other: GossipAddress)
    /// The system took a socket away. The node hears nothing more: end it, and make another.
    case cutOff
  }

  package let configuration: GossipConfiguration
  private let eventLoop: any EventLoop
  private let logger: Logger
  private let metrics: any MetricsFactory
  private let onEvent: @Sendable (Event) -> Void
  /// nil before the start, and after the end.
  private let hub: NIOLoopBoundBox<GossipHub?>
  private let hasStarted: NIOLoopBoundBox<Bool>

  package init(
    _ configuration: GossipConfiguration, eventLoop: any EventLoop, logger: Logger,
    metrics: any MetricsFactory = MetricsSystem.factory, onEvent: @escaping @Sendable (Event) -> Void
  ) {
    self.configuration = configuration
    self.eventLoop = eventLoop
    self.logger = logger
    self.metrics = metrics
    self.onEvent = onEvent
    hub = .makeEmptyBox(valueType: GossipHub.self, eventLoop: eventLoop)
    hasStarted = .makeBoxSendingValue(false, eventLoop: eventLoop)
  }

  /// Binds UDP and TCP, and is a cluster of one.
  ///
  /// - Returns: what others are told.
  /// - Throws: ``GossipStartError``.
  @discardableResult
  package func start() async throws -> GossipAddress {
    guard (1...configuration.settings.maximumNameBytes).contains(configuration.name.text.utf8.count) else {
      throw GossipStartError.badName(configuration.name.text)
    }
    let meta: [UInt8]
    do { meta = try SerfCodec.encode(tags: configuration.tags) } catch { throw GossipStartError.tags(error) }
    return try await eventLoop.flatSubmit { self.start(meta: meta) }.get()
  }

  private func start(meta: [UInt8]) -> EventLoopFuture<GossipAddress> {
    guard !hasStarted.value else { return eventLoop.makeFailedFuture(GossipStartError.alreadyStarted) }
    hasStarted.value = true
    return GossipSockets.bind(configuration.bindAddress, eventLoop: eventLoop, accept: accept).flatMapThrowing {
      sockets in
      do {
        return try self.begin(sockets, meta: meta)
      } catch {
        sockets.close()
        throw error
      }
    }
  }

  private func begin(_ sockets: GossipSockets, meta: [UInt8]) throws -> GossipAddress {
    let address = configuration.advertisedAddress ?? sockets.address
    guard !address.isWildcard else { throw GossipStartError.wildcardCannotBeTold(address: "\(sockets.address)") }
    let hub = GossipHub(
      configuration, address: address, meta: meta, sockets: sockets, eventLoop: eventLoop, logger: logger,
      metrics: metrics, onEvent: onEvent)
    try hub.start()
    self.hub.value = hub
    logger.info(
      "gossips", metadata: ["address": "\(address)", "encrypted": "\(configuration.security.keyring != nil)"])
    return address
  }

  @Sendable private func accept(_ channel: any Channel) throws {
    guard let hub = hub.value else { throw ChannelError.alreadyClosed }
    try hub.accept(channel)
  }

  /// Joins the cluster of these, and of the members that an earlier life knew. May be repeated.
  ///
  /// - Returns: how many answered, out of how many.
  package func join(_ seeds: [GossipAddress]) async throws -> (contacted: Int, of: Int) {
    try await ask { $0.join(seeds) }
  }

  /// Tells the cluster that this node goes, and waits until it has spread, within the time. ``shutdown()`` follows.
  ///
  /// - Returns: whether it was in time.
  @discardableResult
  package func leave(within limit: TimeAmount) async throws -> Bool {
    try await ask { $0.leave(within: limit) }
  }

  /// Closes everything; a second one does nothing. Without ``leave(within:)`` before it the others take it for failed.
  package func shutdown() async {
    let ended = eventLoop.flatSubmit { () -> EventLoopFuture<Void> in
      guard let hub = self.hub.value else { return self.eventLoop.makeSucceededVoidFuture() }
      self.hub.value = nil
      return hub.shutdown()
    }
    do { try await ended.get() } catch { logger.warning("gossip did not end cleanly: \(error)") }
  }

  /// All that this node knows, itself too, by name. Empty before the start and after the end.
  package func members() async -> [MemberView] {
    (try? await ask { hub in hub.eventLoop.makeSucceededFuture(hub.core.memberViews) }) ?? []
  }

  /// Tells everybody other tags.
  ///
  /// - Throws: ``TagsTooLong``.
  package func update(tags: [String: String]) async throws {
    let meta = try SerfCodec.encode(tags: tags)
    try await ask { $0.update(meta: meta) }
  }

  /// Takes a failed member for one that left, everywhere (`serf force-leave`).
  package func remove(_ member: MemberName, prunes: Bool) async throws {
    try await ask { $0.remove(member, prunes: prunes) }
  }

  /// Asks all members, this one too, to change their keyrings or to list them (`serf keys`).
  package func changeKeyrings(_ request: KeyringRequest) async throws -> KeyringReport {
    try await ask { $0.changeKeyrings(request) }
  }

  /// Changes the keyring of this node only.
  package func changeOwnKeyring(_ request: KeyringRequest) async throws -> KeyringAnswer {
    try await ask { $0.changeOwnKeyring(request) }
  }

  private func ask<Answer: Sendable>(
    _ question: @escaping @Sendable (GossipHub) -> EventLoopFuture<Answer>
  ) async throws -> Answer {
    try await eventLoop.flatSubmit { () -> EventLoopFuture<Answer> in
      guard let hub = self.hub.value else { return self.eventLoop.makeFailedFuture(GossipStopped()) }
      return question(hub)
    }.get()
  }
}

/// The node is not started, or ended.
package struct GossipStopped: Error, CustomStringConvertible {
  package init() {}

  package var description: String { "gossip is not running" }
}

extension MemberView {
  /// Serf's tags; none where they cannot be read.
  package var tags: [String: String] { (try? SerfCodec.decode(tags: meta)) ?? [:] }
}
