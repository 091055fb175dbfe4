/// Whom a packet or a stream is for.
package struct GossipDestination: Hashable, Sendable {
  package var address: GossipAddress
  /// nil: whoever is there.
  package var name: MemberName?
  /// Whether it is known to check a checksum before a packet: memberlist's protocol 5.
  package var takesChecksums: Bool

  package init(address: GossipAddress, name: MemberName? = nil, takesChecksums: Bool = false) {
    self.address = address
    self.name = name
    self.takesChecksums = takesChecksums
  }
}

/// What a shell does for a core, in order. Nothing but ``GossipAction/exchange(_:_:with:)`` and
/// ``GossipAction/pingOverStream(_:to:within:)`` is answered; what is sent may be lost.
package enum GossipAction: Hashable, Sendable {
  /// In one packet: alone, or as a compound.
  case send([MemberlistMessage], to: GossipDestination)
  /// Tell it our state over a stream, and take its own.
  case exchange(PushPull, ExchangeID, with: GossipDestination)
  /// Answer a stream on which a state was offered, and close it.
  case answerExchange(PushPull, StreamID)
  case pingOverStream(Ping, to: GossipDestination, within: Duration)
  /// Answer a stream on which was pinged, and close it.
  case acknowledge(Ack, StreamID)
  /// Close a stream without an answer.
  case close(StreamID)

  case member(MemberEvent)
  /// Another node at another address claims a name that is taken; it is not listened to.
  case conflict(MemberName, existing: GossipAddress, other: GossipAddress)
  /// A member is not taken in, for there are as many as may be.
  case tooManyMembers(MemberName, maximum: Int)
  /// All seeds of a join have answered or failed.
  case joined(contacted: Int, of: Int)
  /// This node has left, and stayed for as long as it takes to spread: stop.
  case left
  /// A query that is meant for this node, its own among them: ``GossipEvent/answer(_:payload:)`` may follow.
  case query(Query)
  /// An answer to one of this node's own queries, or an acknowledgement.
  case queryAnswered(QueryResponse)
  case userEvent(UserEvent)
  /// A caller of the shell asked for what cannot be done.
  case refused(GossipRefusal)
}

/// A change of what this node knows of a member.
package struct MemberEvent: Hashable, Sendable {
  package enum Kind: String, Hashable, Sendable {
    /// New, or back again.
    case joined
    /// By its own will, or because someone declared so of a failed one.
    case left
    case failed
    /// Other tags.
    case updated
    /// Forgotten.
    case reaped
  }

  package var kind: Kind
  package var member: MemberView

  package init(kind: Kind, member: MemberView) {
    self.kind = kind
    self.member = member
  }
}

/// Why nothing was done.
package enum GossipRefusal: Error, Hashable, Sendable {
  case metaTooLong(bytes: Int, maximum: Int)
  case userEventTooLong(bytes: Int, maximum: Int)
  case queryTooLong(bytes: Int, maximum: Int)
  case answerTooLong(bytes: Int, maximum: Int)
  case tooManyQueries(maximum: Int)
  case unknownMember(MemberName)
  /// Join, update, or leave of a node that is leaving.
  case leaving
}
