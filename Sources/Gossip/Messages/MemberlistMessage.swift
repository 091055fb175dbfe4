/// A message of memberlist in a packet, once compression, encryption, checksums and compounds are taken off.
package enum MemberlistMessage: Hashable, Sendable {
  case ping(Ping)
  case indirectPing(IndirectPing)
  case ack(Ack)
  case nack(ProbeNumber)
  case suspect(Suspicion)
  case alive(Alive)
  case dead(Death)
  /// What memberlist carries for its user: here a message of Serf.
  case user([UInt8])
}

/// Are you there? The name lets a member that got the address of another notice.
package struct Ping: Hashable, Sendable {
  package var number: ProbeNumber
  /// Empty where an old member asks whoever is at the address.
  package var target: MemberName
  /// Who asks; old members do not say.
  package var source: GossipAddress?
  package var sourceName: MemberName?

  package init(number: ProbeNumber, target: MemberName, source: GossipAddress?, sourceName: MemberName?) {
    self.number = number
    self.target = target
    self.source = source
    self.sourceName = sourceName
  }
}

/// Ask another for me (SWIM §3.1's ping-req).
package struct IndirectPing: Hashable, Sendable {
  package var number: ProbeNumber
  package var target: MemberName
  package var address: GossipAddress
  /// Whether to answer with a nack when the target does not answer in time (Lifeguard's local health).
  package var wantsNack: Bool
  package var source: GossipAddress?
  package var sourceName: MemberName?

  package init(
    number: ProbeNumber, target: MemberName, address: GossipAddress, wantsNack: Bool, source: GossipAddress?,
    sourceName: MemberName?
  ) {
    self.number = number
    self.target = target
    self.address = address
    self.wantsNack = wantsNack
    self.source = source
    self.sourceName = sourceName
  }
}

package struct Ack: Hashable, Sendable {
  package var number: ProbeNumber
  /// Serf puts network coordinates here; we send none and look at none.
  package var payload: [UInt8]

  package init(number: ProbeNumber, payload: [UInt8] = []) {
    self.number = number
    self.payload = payload
  }
}

package struct Suspicion: Hashable, Sendable {
  package var incarnation: Incarnation
  package var member: MemberName
  package var from: MemberName

  package init(incarnation: Incarnation, member: MemberName, from: MemberName) {
    self.incarnation = incarnation
    self.member = member
    self.from = from
  }
}

package struct Alive: Hashable, Sendable {
  package var incarnation: Incarnation
  package var member: MemberName
  /// Port 0: where everybody gossips, says a member of memberlist's protocol 1.
  package var address: GossipAddress
  /// Of memberlist's user: Serf's tags, encoded. At most 512 bytes.
  package var meta: [UInt8]
  package var versions: ProtocolVersions

  package init(
    incarnation: Incarnation, member: MemberName, address: GossipAddress, meta: [UInt8], versions: ProtocolVersions
  ) {
    self.incarnation = incarnation
    self.member = member
    self.address = address
    self.meta = meta
    self.versions = versions
  }
}

package struct Death: Hashable, Sendable {
  package var incarnation: Incarnation
  package var member: MemberName
  /// The member itself when it leaves.
  package var from: MemberName

  package init(incarnation: Incarnation, member: MemberName, from: MemberName) {
    self.incarnation = incarnation
    self.member = member
    self.from = from
  }
}
