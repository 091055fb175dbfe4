package import NIOCore

/// Counts the pings of a client that come too often. gRPC's clients ping for liveness, and to measure the bandwidth
/// whenever data comes in, so sending something clears the count; the rest is abuse (gRPC proposal A8).
package struct PingEnforcement: Equatable {
  /// As grpc-core and grpc-go: the third early ping ends the connection.
  static let maximumStrikes = 2
  /// The least time between pings while no call is open, for clients that may not ping then.
  static let intervalWithoutCalls = TimeAmount.hours(2)

  private let minimumInterval: TimeAmount
  private let permitsPingsWithoutCalls: Bool
  private var lastPing: NIODeadline?
  private var strikes = 0

  package init(minimumInterval: TimeAmount, permitsPingsWithoutCalls: Bool) {
    self.minimumInterval = minimumInterval
    self.permitsPingsWithoutCalls = permitsPingsWithoutCalls
  }

  /// Something was sent on a stream.
  package mutating func sentFrame() {
    lastPing = nil
    strikes = 0
  }

  /// A PING or a further SETTINGS. Returns whether it is one too many.
  package mutating func received(now: NIODeadline, hasOpenCalls: Bool) -> Bool {
    let interval = hasOpenCalls || permitsPingsWithoutCalls ? minimumInterval : Self.intervalWithoutCalls
    defer { lastPing = now }
    guard let lastPing, now - lastPing < interval else { return false }
    strikes += 1
    return strikes > Self.maximumStrikes
  }
}
