/// The whole state that two members exchange over TCP, each its own.
package struct PushPull: Hashable, Sendable {
  package var isJoin: Bool
  package var members: [MemberSummary]
  /// Of memberlist's user: a SerfState, encoded.
  package var userState: [UInt8]

  package init(isJoin: Bool, members: [MemberSummary], userState: [UInt8]) {
    self.isJoin = isJoin
    self.members = members
    self.userState = userState
  }
}

/// What a member knows of another.
package struct MemberSummary: Hashable, Sendable {
  /// In memberlist's order on the wire.
  package enum State: UInt8, Hashable, Sendable {
    case alive, suspect, dead, left
  }

  package var member: MemberName
  package var address: GossipAddress
  package var meta: [UInt8]
  package var incarnation: Incarnation
  package var state: State
  package var versions: ProtocolVersions

  package init(
    member: MemberName, address: GossipAddress, meta: [UInt8], incarnation: Incarnation, state: State,
    versions: ProtocolVersions
  ) {
    self.member = member
    self.address = address
    self.meta = meta
    self.incarnation = incarnation
    self.state = state
    self.versions = versions
  }
}
