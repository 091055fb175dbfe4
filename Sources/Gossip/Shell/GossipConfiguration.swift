package import NIOCore

/// How a node gossips.
package struct GossipConfiguration: Sendable {
  package var name: MemberName
  /// UDP and TCP, both on the one port. Port 0 is one of the system's choice.
  package var bindAddress: SocketAddress
  /// What others are told; nil: the address that is bound. A wildcard cannot be told.
  package var advertisedAddress: GossipAddress?
  package var tags: [String: String]
  package var settings: GossipSettings
  package var security: GossipSecurity
  /// Rewritten when keys change. Its keys are those of `security` at the start.
  package var keyringFile: String?
  package var knownPeersFile: String?
  package var limits: Limits

  package init(
    name: MemberName, bindAddress: SocketAddress, advertisedAddress: GossipAddress? = nil, tags: [String: String] = [:],
    settings: GossipSettings = .lan, security: GossipSecurity = GossipSecurity(), keyringFile: String? = nil,
    knownPeersFile: String? = nil, limits: Limits = Limits()
  ) {
    self.name = name
    self.bindAddress = bindAddress
    self.advertisedAddress = advertisedAddress
    self.tags = tags
    self.settings = settings
    self.security = security
    self.keyringFile = keyringFile
    self.knownPeersFile = knownPeersFile
    self.limits = limits
  }

  /// Of the streams that others open.
  package struct Limits: Hashable, Sendable {
    /// At once. memberlist's maxPushPullRequests.
    package var streams = 128
    /// Whoever connects has something to say.
    package var firstByteTimeout: TimeAmount = .seconds(5)
    /// Of one stream, as it came and expanded.
    package var streamBytes = WireLimits.streamBytes
    /// Of all streams, as they came.
    package var allStreamBytes = 32 << 20

    package init() {}
  }
}

/// Why a node does not start.
package enum GossipStartError: Error, CustomStringConvertible {
  case cannotBind(address: String, protocolName: String, reason: String)
  case wildcardCannotBeTold(address: String)
  case badName(String)
  case tags(TagsTooLong)
  case alreadyStarted

  package var description: String {
    switch self {
    case .cannotBind(let address, let name, let reason): "cannot listen on \(address) (\(name)): \(reason)"
    case .wildcardCannotBeTold(let address):
      "gossip listens on \(address), which others cannot be told: give an address to advertise"
    case .badName(let name): "'\(name)' cannot be a member's name: it has 1 to 128 bytes"
    case .tags(let error): "\(error)"
    case .alreadyStarted: "a node is started once: make another one"
    }
  }
}
