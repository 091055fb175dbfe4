/// Delays that double from `base` up to `limit`.
package struct ExponentialBackOff: Sendable, Hashable {
  package var base: Duration
  package var limit: Duration

  package init(base: Duration, limit: Duration) {
    precondition(base > .zero && limit >= base, "a back-off from \(base) to \(limit) is impossible")
    self.base = base
    self.limit = limit
  }

  /// The delay after `failures` failures in a row; the first is number 1.
  package func delay(failures: Int) -> Duration {
    var delay = base
    for _ in 1..<max(failures, 1) {
      delay *= 2
      if delay >= limit { return limit }
    }
    return delay
  }
}
