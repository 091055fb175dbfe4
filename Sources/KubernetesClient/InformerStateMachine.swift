/// What an informer does next, decided from what came of the last thing it did: list, then watch; on an error wait and
/// go on from the last resource version; list again when that version is gone from the server's history.
struct InformerStateMachine {
  enum State: Hashable {
    case listing
    case watching(from: String)
    /// Wait, then do `next`.
    case waiting(Duration, next: Next)
  }

  /// What a wait is followed by.
  enum Next: Hashable {
    case list
    case watch(from: String)
  }

  /// A change to make to the store.
  enum Action: Hashable {
    case replace([KubernetesObject])
    case store(KubernetesObject)
    case remove(KubernetesObject)
  }

  /// Why a list is due.
  enum ListReason: String, CaseIterable {
    case start
    /// The version that we would go on from is gone from the server's history.
    case expired
    /// The watch failed so that we are in doubt.
    case failure
  }

  /// Client-go's reflector waits 0.8 s to 30 s; controllers next to each other must not come back in step: see `jitter`.
  static let backOff = ExponentialBackOff(base: .milliseconds(800), limit: .seconds(30))
  /// A watch that the server ends sooner than this is counted as a failure, so that we do not hammer the server.
  static let shortestGoodWatch = Duration.seconds(1)
  /// After so many failed watches in a row without any event we stop trusting our resource version. An etcd that was
  /// restored from a backup may never reach it again, and answers 504 "Too large resource version" until it does.
  static let watchFailuresBeforeRelist = 5

  private(set) var state = State.listing
  /// Of the list that is due, or of the last one.
  private(set) var listReason = ListReason.start
  /// Whether the next list may be a streamed one. After a failure it is a plain one: a proxy that lets the unknown
  /// options through would give us a watch that never says `listed`.
  private(set) var mayStream = true
  /// Whether the server has refused to stream; it is not asked again.
  private var cannotStream = false
  /// Failures in a row since the last list or event that came through.
  private(set) var failures = 0

  mutating func listed(_ list: ObjectList) -> Action {
    precondition(state == .listing, "a list came in while \(state)")
    state = .watching(from: list.resourceVersion)
    mayStream = !cannotStream
    // Lists that succeed between watches that expire at once are no progress: `failures` stays until an event comes.
    return .replace(list.items)
  }

  /// A streamed list broke before it was whole. One that was refused is followed by a plain list at once.
  mutating func streamFailed(_ error: KubernetesError, jitter: Double) {
    precondition(state == .listing, "a streamed list failed while \(state)")
    mayStream = false
    if error.isUnsupported {
      cannotStream = true
    } else {
      wait(for: error, jitter: jitter, next: .list)
    }
  }

  /// - Parameter jitter: from 0 to 1, spreads the wait up to twice its length.
  mutating func listFailed(_ error: KubernetesError, jitter: Double) {
    precondition(state == .listing, "a list failed while \(state)")
    wait(for: error, jitter: jitter, next: .list)
  }

  /// An event of the running watch. The watch is over when the state is no longer `watching` afterwards.
  mutating func received(_ event: WatchEvent, jitter: Double) -> Action? {
    switch event {
    case .added(let object), .modified(let object):
      advance(to: object.resourceVersion)
      return .store(object)
    case .deleted(let object):
      advance(to: object.resourceVersion)
      return .remove(object)
    case .bookmark(let resourceVersion), .listed(let resourceVersion):
      advance(to: resourceVersion)
      return nil
    case .error(let status):
      watchFailed(.status(status), jitter: jitter)
      return nil
    }
  }

  /// The server ended the watch as agreed, or too early.
  mutating func watchEnded(lasted: Duration, jitter: Double) {
    guard case .watching(let resourceVersion) = state else { preconditionFailure("a watch ended while \(state)") }
    if lasted < Self.shortestGoodWatch {
      wait(for: nil, jitter: jitter, next: .watch(from: resourceVersion))
    }
  }

  /// The watch could not be opened or broke.
  mutating func watchFailed(_ error: KubernetesError, jitter: Double) {
    guard case .watching(let resourceVersion) = state else { preconditionFailure("a watch failed while \(state)") }
    if error.isExpired && failures == 0 {
      // The ordinary case after a quiet hour or a compaction: list again at once.
      failures = 1
      listReason = .expired
      state = .listing
    } else if error.isExpired || !error.isWorthRepeating || failures >= Self.watchFailuresBeforeRelist {
      listReason = error.isExpired ? .expired : .failure
      wait(for: error, jitter: jitter, next: .list)
    } else {
      wait(for: error, jitter: jitter, next: .watch(from: resourceVersion))
    }
  }

  mutating func waited() {
    guard case .waiting(_, let next) = state else { preconditionFailure("a wait ended while \(state)") }
    switch next {
    case .list: state = .listing
    case .watch(let resourceVersion): state = .watching(from: resourceVersion)
    }
  }

  private mutating func advance(to resourceVersion: String) {
    guard case .watching = state else { preconditionFailure("an event came in while \(state)") }
    state = .watching(from: resourceVersion)
    failures = 0
  }

  private mutating func wait(for error: KubernetesError?, jitter: Double, next: Next) {
    failures += 1
    let delay = Self.backOff.delay(failures: failures) * (1 + jitter)
    state = .waiting(max(delay, error?.retryAfter ?? .zero), next: next)
  }
}
