/// A query of this node's own that answers are taken for.
struct OwnQuery: Hashable, Sendable {
  let time: LamportTime
  let id: UInt32
  let end: GossipInstant
}

/// What others say: it is passed on once, as the bytes that came.
extension SerfLayer {
  static let maximumOwnQueries = 64

  mutating func receive(_ bytes: [UInt8]) {
    guard let message = SerfCoding.decode(bytes) else {
      counters.malformed += 1
      return
    }
    let raw = MemberlistMessage.user(bytes)
    let size = MessageBytes.count(of: raw)
    switch message {
    case .join(let intent): if hear(intent) { intentQueue.add(raw, bytes: size) }
    case .leave(let intent): if hear(intent) { intentQueue.add(raw, bytes: size) }
    case .userEvent(let event): if hear(event) { eventQueue.add(raw, bytes: size) }
    case .query(let query): if hear(query) { queryQueue.add(raw, bytes: size) }
    case .queryResponse(let response): take(response)
    case .other: break
    }
  }

  // MARK: Events

  private mutating func hear(_ event: UserEvent) -> Bool {
    let bytes = event.name.utf8.count + event.payload.count
    guard LamportClock.isPlausible(event.time), bytes <= WireLimits.eventBytes else {
      counters.malformed += 1
      return false
    }
    eventClock.witness(event.time)
    guard isNew(events.hear(event, bytes: bytes, time: event.time, clock: eventClock.time)) else { return false }
    actions.append(.userEvent(event))
    return true
  }

  /// One that came with a state has spread, and is not passed on.
  mutating func hearAgain(_ event: UserEvent) { _ = hear(event) }

  private mutating func isNew<Message>(_ novelty: RecentMessages<Message>.Novelty) -> Bool {
    switch novelty {
    case .new: return true
    case .known, .old: counters.repeated += 1
    case .noRoom: counters.overflows += 1
    }
    return false
  }

  mutating func fire(name: String, payload: [UInt8], coalesces: Bool) {
    let event = UserEvent(time: eventClock.time, name: name, payload: payload, coalesces: coalesces)
    let message = SerfCoding.message(.userEvent(event))
    let bytes = MessageBytes.count(of: message)
    guard bytes <= settings.maximumUserEventBytes else {
      actions.append(.refused(.userEventTooLong(bytes: bytes, maximum: settings.maximumUserEventBytes)))
      return
    }
    eventClock.increment()
    if hear(event) { eventQueue.add(message, bytes: bytes) }
  }

  // MARK: Queries

  private mutating func hear(_ query: Query) -> Bool {
    guard LamportClock.isPlausible(query.time) else {
      counters.malformed += 1
      return false
    }
    queryClock.witness(query.time)
    guard isNew(queries.hear(query.id, bytes: 0, time: query.time, clock: queryClock.time)) else { return false }
    let isPassedOn = !query.flags.contains(.isNotPassedOn)
    guard QueryFilter.all(query.filters, admit: name) else { return isPassedOn }
    if query.flags.contains(.acknowledges) { respond(to: query, flags: QueryResponse.acknowledgement, payload: []) }
    actions.append(.query(query))
    return isPassedOn
  }

  mutating func ask(_ request: QueryRequest, from source: GossipAddress, id: UInt32) {
    ownQueries.removeAll { $0.end <= now }
    guard ownQueries.count < Self.maximumOwnQueries else {
      actions.append(.refused(.tooManyQueries(maximum: Self.maximumOwnQueries)))
      return
    }
    let query = Query(
      time: queryClock.time, id: id, source: source, sourceName: name, filters: request.filters,
      flags: request.wantsAcknowledgements ? .acknowledges : [], relayFactor: 0,
      timeout: UInt64(clamping: Int64(max(request.timeout, .zero) / .nanoseconds(1))), name: request.name,
      payload: request.payload)
    let message = SerfCoding.message(.query(query))
    let bytes = MessageBytes.count(of: message)
    guard bytes <= settings.maximumQueryBytes else {
      actions.append(.refused(.queryTooLong(bytes: bytes, maximum: settings.maximumQueryBytes)))
      return
    }
    queryClock.increment()
    ownQueries.append(OwnQuery(time: query.time, id: id, end: now + request.timeout))
    if hear(query) { queryQueue.add(message, bytes: bytes) }
  }

  mutating func answer(_ query: Query, payload: [UInt8]) {
    respond(to: query, flags: 0, payload: payload)
  }

  /// To the asker alone, or to this node itself.
  private mutating func respond(to query: Query, flags: UInt32, payload: [UInt8]) {
    let response = QueryResponse(time: query.time, id: query.id, from: name, flags: flags, payload: payload)
    if query.sourceName == name { return take(response) }
    let message = SerfCoding.message(.queryResponse(response))
    let bytes = MessageBytes.count(of: message)
    guard bytes <= settings.maximumAnswerBytes else {
      actions.append(.refused(.answerTooLong(bytes: bytes, maximum: settings.maximumAnswerBytes)))
      return
    }
    guard query.source.isUsable else {
      counters.malformed += 1
      return
    }
    actions.append(.send([message], to: GossipDestination(address: query.source, name: query.sourceName)))
  }

  private mutating func take(_ response: QueryResponse) {
    let isAwaited = ownQueries.contains { $0.time == response.time && $0.id == response.id && $0.end > now }
    if isAwaited { actions.append(.queryAnswered(response)) }
  }
}

extension QueryResponse {
  /// Of ``flags``: the query arrived.
  static let acknowledgement: UInt32 = 1
}
