/// A message of Serf, which travels as memberlist's user message.
package enum SerfMessage: Hashable, Sendable {
  case leave(LeaveIntent)
  case join(JoinIntent)
  /// An event that someone fired, which we pass on and give no meaning.
  case userEvent(UserEvent)
  case query(Query)
  case queryResponse(QueryResponse)
  /// A kind that we pass on at most: conflict and key answers, relays.
  case other(type: UInt8, body: [UInt8])
}

package struct JoinIntent: Hashable, Sendable {
  package var time: LamportTime
  package var member: MemberName

  package init(time: LamportTime, member: MemberName) {
    self.time = time
    self.member = member
  }
}

package struct LeaveIntent: Hashable, Sendable {
  package var time: LamportTime
  package var member: MemberName
  /// Whether to forget the member at once, instead of listing it as left for a day.
  package var prunes: Bool

  package init(time: LamportTime, member: MemberName, prunes: Bool) {
    self.time = time
    self.member = member
    self.prunes = prunes
  }
}

package struct UserEvent: Hashable, Sendable {
  package var time: LamportTime
  package var name: String
  package var payload: [UInt8]
  package var coalesces: Bool

  package init(time: LamportTime, name: String, payload: [UInt8], coalesces: Bool) {
    self.time = time
    self.name = name
    self.payload = payload
    self.coalesces = coalesces
  }
}

/// A question to many members. Ours are those of the keyring: `_serf_install-key` and its like.
package struct Query: Hashable, Sendable {
  package struct Flags: OptionSet, Hashable, Sendable {
    package var rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let acknowledges = Self(rawValue: 1)
    package static let isNotPassedOn = Self(rawValue: 2)
  }

  package var time: LamportTime
  package var id: UInt32
  /// Where the answer goes.
  package var source: GossipAddress
  package var sourceName: MemberName?
  /// Who is asked, each an encoded filter of Serf; everybody when there is none.
  package var filters: [[UInt8]]
  package var flags: Flags
  package var relayFactor: UInt8
  /// Nanoseconds.
  package var timeout: UInt64
  package var name: String
  package var payload: [UInt8]

  package init(
    time: LamportTime, id: UInt32, source: GossipAddress, sourceName: MemberName?, filters: [[UInt8]], flags: Flags,
    relayFactor: UInt8, timeout: UInt64, name: String, payload: [UInt8]
  ) {
    self.time = time
    self.id = id
    self.source = source
    self.sourceName = sourceName
    self.filters = filters
    self.flags = flags
    self.relayFactor = relayFactor
    self.timeout = timeout
    self.name = name
    self.payload = payload
  }
}

package struct QueryResponse: Hashable, Sendable {
  package var time: LamportTime
  package var id: UInt32
  package var from: MemberName
  /// Bit 0: this only says that the query arrived.
  package var flags: UInt32
  package var payload: [UInt8]

  package init(time: LamportTime, id: UInt32, from: MemberName, flags: UInt32, payload: [UInt8]) {
    self.time = time
    self.id = id
    self.from = from
    self.flags = flags
    self.payload = payload
  }
}
