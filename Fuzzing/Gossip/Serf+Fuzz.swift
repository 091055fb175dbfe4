import FuzzSupport

@testable import Gossip

extension FuzzTarget {
  static let serfMessage = FuzzTarget(
    "serf-message", maximumBytes: 1024,
    seeds: {
      let query = Query(
        time: LamportTime(9), id: 7, source: GossipSamples.address, sourceName: GossipSamples.member,
        filters: [[0, 0x91, 0xa1, 65]],
        flags: .acknowledges, relayFactor: 1, timeout: 1 << 40, name: "_serf_use-key", payload: [7, 0x80])
      let messages: [SerfMessage] = [
        .leave(LeaveIntent(time: LamportTime(300), member: GossipSamples.member, prunes: true)),
        .join(JoinIntent(time: LamportTime(3), member: GossipSamples.member)),
        .userEvent(UserEvent(time: LamportTime(3), name: "deploy", payload: [1], coalesces: true)), .query(query),
        .queryResponse(QueryResponse(time: LamportTime(9), id: 7, from: GossipSamples.member, flags: 1, payload: [8])),
        .other(type: 8, body: [0x80]),
      ]
      return messages.map { SerfCodec.encode($0) }
    },
    dictionary: GossipSamples.serfFields,
    run: { input in
      do {
        let message = try SerfCodec.decode(input)
        try require(
          try SerfCodec.decode(SerfCodec.encode(message)) == message, "\(message) does not come back as it was")
        return true
      } catch is WireError { return false }
    })

  static let serfState = FuzzTarget(
    "serf-state", maximumBytes: 2048,
    seeds: {
      let event = UserEvent(time: LamportTime(4), name: "deploy", payload: [1], coalesces: false)
      let empty = SerfState(
        time: LamportTime(1), statusTimes: [:], leftMembers: [], eventTime: LamportTime(1), events: [:],
        queryTime: LamportTime(1))
      var full = empty
      full.statusTimes = [GossipSamples.member: LamportTime(1 << 40), MemberName("n2"): LamportTime(2)]
      full.leftMembers = [GossipSamples.member]
      full.events = [LamportTime(4): [event, event]]
      return [SerfCodec.encode(empty), SerfCodec.encode(full)]
    },
    dictionary: GossipSamples.serfFields,
    run: { input in
      do {
        let state = try SerfCodec.decodeState(input)
        // Of one moment there may be more events than one group takes, from several groups.
        guard state.events.values.allSatisfy({ $0.count <= WireLimits.eventsOfOneTime }) else { return true }
        try require(
          try SerfCodec.decodeState(SerfCodec.encode(state)) == state, "\(state) does not come back as it was")
        return true
      } catch is WireError { return false }
    })

  static let serfTags = FuzzTarget(
    "serf-tags", maximumBytes: 600,
    seeds: {
      [
        try SerfCodec.encode(tags: ["id": "1", "rpc_addr": "127.0.0.1:8400", "role": "node"]), [0xff, 0x80],
        Array("web".utf8),
      ]
    },
    run: { input in
      do {
        let tags = try SerfCodec.decode(tags: input)
        try require(try SerfCodec.decode(tags: SerfCodec.encode(tags: tags)) == tags, "\(tags) do not come back")
        return true
      } catch is WireError {
        return false
      } catch is TagsTooLong {
        // We write lengths in more bytes than a new msgpack does.
        return true
      }
    })
}
