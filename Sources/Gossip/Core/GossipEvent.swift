/// Names an exchange of states that this node began, in its answer.
package struct ExchangeID: Hashable, Sendable {
  package let number: UInt64

  package init(number: UInt64) { self.number = number }
}

/// Names a stream that another node opened and that waits for one answer. The shell chooses.
package struct StreamID: Hashable, Sendable {
  package let number: UInt64

  package init(number: UInt64) { self.number = number }
}

/// What happens to a member.
package enum GossipEvent: Sendable {
  /// ``GossipCore/deadline`` has come.
  case timer
  /// The messages of one packet, in their order.
  case packet([MemberlistMessage], from: GossipAddress)
  /// Another node opened a stream and told its state; it waits for ours.
  case stateOffered(PushPull, StreamID)
  /// Another node opened a stream and pings over it.
  case streamPinged(Ping, StreamID)
  /// An exchange that ``GossipAction/exchange(_:_:with:)`` asked for ended: with the state of the other, or without.
  case exchanged(ExchangeID, PushPull?)
  /// A ping that ``GossipAction/pingOverStream(_:to:within:)`` asked for was answered, or not.
  case streamPingEnded(ProbeNumber, isAnswered: Bool)

  /// Join the cluster of these, all of them; the first few when they are more than the bound.
  case join([GossipAddress])
  /// Leave the cluster. ``GossipAction/left`` follows.
  case leave
  /// Tell everybody other meta (Serf's tags).
  case update(meta: [UInt8])
  /// Take a failed member for one that left (Serf's force-leave); forget it at once when it is to be pruned.
  case remove(MemberName, prunes: Bool)
  case fire(name: String, payload: [UInt8], coalesces: Bool)
  case ask(QueryRequest)
  /// What this node answers to a query that ``GossipAction/query(_:)`` gave it.
  case answer(Query, payload: [UInt8])
}

/// A query of this node's own.
package struct QueryRequest: Hashable, Sendable {
  package var name: String
  package var payload: [UInt8]
  /// For so long answers are taken.
  package var timeout: Duration
  package var wantsAcknowledgements: Bool
  package var filters: [[UInt8]]

  package init(
    name: String, payload: [UInt8], timeout: Duration, wantsAcknowledgements: Bool = false, filters: [[UInt8]] = []
  ) {
    self.name = name
    self.payload = payload
    self.timeout = timeout
    self.wantsAcknowledgements = wantsAcknowledgements
    self.filters = filters
  }
}
