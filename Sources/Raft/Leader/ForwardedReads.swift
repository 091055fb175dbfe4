import DequeModule

/// Reads of a follower's shell that its leader was asked about.
struct ForwardedReads: Sendable {
  private var requests: [UInt64: RequestID] = [:]
  /// In the order in which they were begun and expire; the first is always one that waits.
  private var expiries: Deque<(id: UInt64, at: Instant)> = []
  /// Goes on from a random number: a late answer to an earlier life of this node is none for this one (etcd#20418).
  private var nextID: UInt64

  init(firstID: UInt64) {
    nextID = firstID
  }

  var count: Int { requests.count }
  var firstExpiry: Instant? { expiries.first?.at }

  mutating func add(_ request: RequestID, expiry: Instant) -> UInt64 {
    defer { nextID &+= 1 }
    requests[nextID] = request
    expiries.append((nextID, expiry))
    return nextID
  }

  mutating func take(_ id: UInt64) -> RequestID? {
    defer { forgetAnswered() }
    return requests.removeValue(forKey: id)
  }

  mutating func takeAll() -> [RequestID] {
    takeExpired(at: Instant(nanoseconds: .max))
  }

  mutating func takeExpired(at now: Instant) -> [RequestID] {
    var expired: [RequestID] = []
    while let first = expiries.first, first.at <= now {
      expiries.removeFirst()
      if let request = requests.removeValue(forKey: first.id) { expired.append(request) }
    }
    forgetAnswered()
    return expired
  }

  private mutating func forgetAnswered() {
    while let first = expiries.first, requests[first.id] == nil { expiries.removeFirst() }
  }
}
