import NIOCore

/// Keys that wait for work: each at most once, none handed out twice at the same time, failed ones later and later.
struct WorkQueueStateMachine<Key: Hashable & Sendable> {
  private struct Delayed {
    var due: ContinuousClock.Instant
    var key: Key
  }

  private let backOff: ExponentialBackOff
  /// In the order of their arrival.
  private var ready = CircularBuffer<Key>()
  /// Keys that need work: those in `ready`, and those that were added while they were worked on.
  private var dirty: Set<Key> = []
  private var inWork: Set<Key> = []
  /// The latest due time comes first, so that the next one is at the end.
  private var delayed: [Delayed] = []
  private var failures: [Key: Int] = [:]

  init(backOff: ExponentialBackOff) { self.backOff = backOff }

  var depth: Int { ready.count }
  var nextDue: ContinuousClock.Instant? { delayed.last?.due }

  mutating func add(_ key: Key) {
    guard dirty.insert(key).inserted else { return }
    if !inWork.contains(key) { ready.append(key) }
  }

  /// A key that waits already keeps the earlier of both times.
  mutating func add(_ key: Key, at due: ContinuousClock.Instant) {
    if let index = delayed.firstIndex(where: { $0.key == key }) {
      guard due < delayed[index].due else { return }
      delayed.remove(at: index)
    }
    let index = delayed.firstIndex { $0.due <= due } ?? delayed.endIndex
    delayed.insert(Delayed(due: due, key: key), at: index)
  }

  /// Adds a key whose work failed, after a delay that doubles with each failure. Returns the delay.
  mutating func retry(_ key: Key, now: ContinuousClock.Instant) -> Duration {
    failures[key, default: 0] += 1
    let delay = backOff.delay(failures: failures[key, default: 1])
    add(key, at: now + delay)
    return delay
  }

  mutating func forget(_ key: Key) { failures[key] = nil }
  func failures(of key: Key) -> Int { failures[key] ?? 0 }

  /// The next key to work on; `finish` must follow.
  mutating func next(now: ContinuousClock.Instant) -> Key? {
    while let first = delayed.last, first.due <= now {
      delayed.removeLast()
      add(first.key)
    }
    guard let key = ready.popFirst() else { return nil }
    dirty.remove(key)
    inWork.insert(key)
    return key
  }

  mutating func finish(_ key: Key) {
    precondition(inWork.remove(key) != nil, "\(key) was finished but not handed out")
    if dirty.contains(key) { ready.append(key) }
  }
}
