package import FoundationEssentials

/// The time of day, which certificates are about; a test has its own.
package struct WallClock: Sendable {
  package let now: @Sendable () -> Date

  package init(now: @escaping @Sendable () -> Date = { Date() }) { self.now = now }
}
