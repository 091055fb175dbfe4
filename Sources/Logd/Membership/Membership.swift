import Gossip
import Logging
import NIOCore
import NIOPosix
import Raft

/// How a node takes part in gossip, from its settings.
struct Membership {
  /// Beside the log: another life of the node finds the others by it without seeds.
  private static let knownPeersFile = "gossip-peers"

  let configuration: Configuration
  let logger: Logger

  /// Reads the keyring and looks up the addresses. Blocks on the disk and on the resolver.
  ///
  /// - Throws: what is wrong with a file or an address.
  func gossipConfiguration() throws -> GossipConfiguration {
    let keyring = try configuration.gossipKeyringFile.map { try KeyringFile.load($0) }
    if keyring == nil, configuration.serverTLS != nil {
      logger.warning(
        "gossip is not encrypted: whoever reaches its port can propose nodes and read names and addresses",
        metadata: ["what_to_do": "give all nodes a key by --gossip-keyring-file"])
    }
    return GossipConfiguration(
      name: MemberName(configuration.nodeName), bindAddress: try address(of: configuration.bindAddress, .bindAddress),
      advertisedAddress: try advertisedAddress(),
      security: GossipSecurity(keyring: keyring), keyringFile: configuration.gossipKeyringFile,
      knownPeersFile: "\(configuration.dataDirectory)/\(Self.knownPeersFile)")
  }

  /// What others are told where the node listens on all addresses: its first that is not for itself alone.
  private func advertisedAddress() throws -> GossipAddress? {
    if let advertised = configuration.advertiseGossipAddress {
      return GossipAddress(try address(of: advertised, .advertiseGossipAddress))
    }
    let bound = try address(of: configuration.bindAddress, .bindAddress)
    guard GossipAddress(bound)?.isWildcard == true else { return nil }
    let own = try System.enumerateDevices().compactMap(\.address).filter { $0.protocol == .inet }
      .compactMap { GossipAddress($0) }.first { $0.bytes.first != 127 }
    guard var own else {
      throw ConfigurationError(
        origin: "--\(SettingKey.bindAddress.rawValue)",
        problem: "\(configuration.bindAddress) is no address that other nodes could be told, and the machine has none",
        allowed: "name one by --\(SettingKey.advertiseGossipAddress.rawValue)")
    }
    own.port = UInt16(configuration.bindAddress.port)
    return own
  }

  private func address(of target: HostPort, _ key: SettingKey) throws -> SocketAddress {
    let addresses = try HostLookup.resolve(target)
    guard let address = addresses.first else {
      throw ConfigurationError(
        origin: "--\(key.rawValue)", problem: "\(target.host) has no address", allowed: "name a host that has one")
    }
    return address
  }

  func service(
    control: any ClusterControl, gossip configuration: GossipConfiguration, contact: GossipContact,
    eventLoop: any EventLoop
  ) -> MembershipService {
    let looks = LookRequests()
    let gossip = GossipNode(configuration, eventLoop: eventLoop, logger: logger) { _ in looks.request() }
    return MembershipService(
      control: control, gossip: gossip, looks: looks, mode: self.configuration.membership,
      seeds: GossipSeeds(addresses: self.configuration.startJoinAddresses, contact: contact), logger: logger)
  }
}
