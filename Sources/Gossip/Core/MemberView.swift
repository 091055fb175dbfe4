/// What Serf says of a member.
package enum MemberStatus: String, Hashable, Sendable {
  case alive
  /// It said that it will go, and is still there.
  case leaving
  case left
  case failed
}

/// A member as this node sees it: what `serf members` prints.
package struct MemberView: Hashable, Sendable {
  package var name: MemberName
  package var address: GossipAddress
  /// Serf's tags, encoded.
  package var meta: [UInt8]
  package var versions: ProtocolVersions
  package var status: MemberStatus

  package init(
    name: MemberName, address: GossipAddress, meta: [UInt8], versions: ProtocolVersions, status: MemberStatus
  ) {
    self.name = name
    self.address = address
    self.meta = meta
    self.versions = versions
    self.status = status
  }
}
