import Logging
import NIOCore
import NIOPosix

/// Rewrites the file of known peers some time after they changed, on another thread, one write at a time. Confined to
/// the event loop.
final class PeersWriter {
  private let path: String
  private let eventLoop: any EventLoop
  private let logger: Logger
  private let peers: () -> [KnownPeers.Peer]
  private var written: [KnownPeers.Peer]?
  private var scheduled: Scheduled<Void>?
  private var writing: EventLoopFuture<Void>

  /// A cluster that starts changes many times at once.
  private static let delay = TimeAmount.seconds(1)

  init(
    path: String, eventLoop: any EventLoop, logger: Logger, peers: @escaping () -> [KnownPeers.Peer]
  ) {
    self.path = path
    self.eventLoop = eventLoop
    self.logger = logger
    self.peers = peers
    writing = eventLoop.makeSucceededVoidFuture()
  }

  func changed() {
    guard scheduled == nil else { return }
    scheduled = eventLoop.assumeIsolated().scheduleTask(in: Self.delay) {
      self.scheduled = nil
      self.write()
    }
  }

  private func write() {
    let peers = peers()
    guard peers != written else { return }
    written = peers
    let (path, eventLoop, logger) = (path, eventLoop, logger)
    writing = writing.flatMap {
      NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) {
        try SmallFile.replace(path, with: KnownPeers.encode(peers))
      }
    }.recover { error in
      logger.warning("the known peers cannot be written to \(path): \(error)")
    }
  }

  /// Writes what is new at once.
  func stop() -> EventLoopFuture<Void> {
    if let scheduled {
      scheduled.cancel()
      self.scheduled = nil
      write()
    }
    return writing
  }
}

extension GossipHub {
  /// Reading a small file stops the loop once, before there is anything to do.
  func startWritingPeers() {
    guard let path = configuration.knownPeersFile else { return }
    do throws(SmallFile.Failure) {
      let (peers, badLines) = KnownPeers.decode(try SmallFile.read(path, limit: KnownPeers.maximumBytes))
      knownPeers = peers.filter { $0.name != configuration.name }
      if badLines > 0 { logger.warning("\(badLines) lines of \(path) are no peers") }
    } catch {
      if !error.isMissingFile { logger.warning("the known peers cannot be read from \(path): \(error)") }
    }
    peersWriter = PeersWriter(path: path, eventLoop: eventLoop, logger: logger) { [weak self] in
      self?.currentPeers ?? []
    }
  }

  /// The failed too: after all of a cluster failed at once, somebody has to call first.
  private var currentPeers: [KnownPeers.Peer] {
    core.memberViews.filter { $0.name != configuration.name && $0.status != .left }
      .map { KnownPeers.Peer(name: $0.name, address: $0.address) }
  }

  func peersChanged() { peersWriter?.changed() }

  func stopWritingPeers() -> EventLoopFuture<Void> {
    defer { peersWriter = nil }
    return peersWriter?.stop() ?? eventLoop.makeSucceededVoidFuture()
  }
}
