/// A run in which something did not hold.
package struct ClusterFailure: Error, Sendable, CustomStringConvertible {
  package let seed: UInt64
  package let check: ClusterCheck
  package let what: String
  package let time: VirtualTime
  package let events: Int

  package init(seed: UInt64, check: ClusterCheck, what: String, time: VirtualTime, events: Int) {
    self.seed = seed
    self.check = check
    self.what = what
    self.time = time
    self.events = events
  }

  package var description: String { "seed \(seed), event \(events) at \(time): \(check.rawValue): \(what)" }
}

/// A run in which everything held.
package struct ClusterResult: Sendable {
  package let events: Int
  package let time: VirtualTime
  /// That were committed.
  package let entries: Int
  package let coverage: Coverage
  /// The same for the same plan, and as good as never for another.
  package let fingerprint: UInt64
}
