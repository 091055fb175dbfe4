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

  /// What a query about keyrings asks, or what is answered: the first byte says which, and the name of the query.
  static let keyringQuery = FuzzTarget(
    "keyring-query", maximumBytes: 1024,
    seeds: {
      let key = try GossipKey(Array(repeating: 65, count: 16))
      let requests = [KeyringRequest.install(key), .use(key), .remove(key), .list]
      let answers = [
        KeyringAnswer(isDone: true), KeyringAnswer(isDone: false, message: "no"),
        KeyringAnswer(isDone: true, keys: [key.base64, key.base64], primaryKey: key.base64),
      ]
      return requests.enumerated().map { [UInt8($0)] + $1.payload } + answers.map { [4] + $0.encode() }
    },
    dictionary: ["Key", "Keys", "Result", "Message", "PrimaryKey"],
    run: { input in
      let payload = Array(input.dropFirst())
      let names = ["_serf_install-key", "_serf_use-key", "_serf_remove-key", "_serf_list-keys"]
      do {
        guard let choice = input.first, Int(choice) < names.count else {
          let answer = try KeyringAnswer(payload)
          try require(try KeyringAnswer(answer.encode()) == answer, "\(answer) does not come back")
          try require(answer.encode(limit: 700).count <= 700 || answer.message.utf8.count > 200, "it is over the limit")
          return true
        }
        var query = Query(
          time: LamportTime(1), id: 1, source: GossipSamples.address, sourceName: nil, filters: [], flags: [],
          relayFactor: 0, timeout: 0, name: names[Int(choice)], payload: payload)
        guard let request = try KeyringRequest(query: query) else { throw Violation("\(query.name) is not known") }
        query.payload = request.payload
        try require(query.name == request.queryName, "\(query.name) becomes \(request.queryName)")
        try require(try KeyringRequest(query: query) == request, "a request does not come back")
        return true
      } catch is WireError {
        return false
      } catch is KeyringError {
        return false
      }
    })

  /// A file of known peers.
  static let knownPeers = FuzzTarget(
    "known-peers", maximumBytes: 1024,
    seeds: {
      let ipv6 = GossipAddress(bytes: Array(1...16), port: 1)
      return [
        KnownPeers.encode([
          KnownPeers.Peer(name: GossipSamples.member, address: GossipSamples.address),
          KnownPeers.Peer(name: MemberName("a b"), address: ipv6),
        ])
      ]
    },
    run: { input in
      let (peers, badLines) = KnownPeers.decode(input)
      let again = KnownPeers.decode(KnownPeers.encode(peers))
      try require(again.peers == peers && again.badLines == 0, "\(peers) come back as \(again)")
      return !peers.isEmpty && badLines == 0
    })
}
