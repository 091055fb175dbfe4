import Gossip
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// The nodes that a node joins by: until one of them has answered, and again when it finds itself alone.
struct GossipSeeds {
  private static let firstPause = Duration.milliseconds(200)
  private static let longestPause = Duration.seconds(10)
  /// A node that is not alone looks so often whether it has become so.
  private static let checkInterval = Duration.seconds(10)

  let addresses: [HostPort]
  let contact: GossipContact

  /// Ends with its task. Without seeds, members that an earlier life knew are tried.
  func join(_ gossip: GossipNode, logger: Logger) async throws {
    var pause = Self.firstPause
    var hasReported = false
    while true {
      let isAlone = await gossip.members().count { $0.status == .alive } <= 1
      contact.set(!isAlone)
      guard isAlone else {
        hasReported = false
        pause = Self.firstPause
        try await Task.sleep(for: Self.checkInterval)
        continue
      }
      let (contacted, count) = try await gossip.join(await resolve(logger))
      if contacted == 0, count > 0, !hasReported {
        hasReported = true
        let seeds = addresses.map(\.description).joined(separator: ", ")
        logger.info("nobody gossips at the addresses to join yet", metadata: ["addresses": "\(seeds)"])
      }
      try await Task.sleep(for: contacted > 0 ? Self.firstPause : pause)
      pause = min(pause * 2, Self.longestPause)
    }
  }

  /// Looked up each time: the pod behind a name may have another address by now.
  private func resolve(_ logger: Logger) async throws -> [GossipAddress] {
    var found: [GossipAddress] = []
    for address in addresses {
      do {
        found += try await NIOThreadPool.singleton.runIfActive { try HostLookup.resolve(address) }
          .compactMap { GossipAddress($0) }
      } catch {
        logger.debug("a seed has no address", metadata: ["seed": "\(address)", "error": "\(error)"])
      }
    }
    return found
  }
}

/// Whether this node sees others in gossip, and they see it.
final class GossipContact: Sendable {
  private let state = Atomic(false)

  var isMade: Bool { state.load(ordering: .relaxed) }

  func set(_ isMade: Bool) { state.store(isMade, ordering: .relaxed) }
}
