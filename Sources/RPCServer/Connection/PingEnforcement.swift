package import NIOCore

/// Counts the pings of a client that come too often. gRPC's clients ping for liveness, and to measure the bandwidth
/// whenever a frame of data comes in: so sending something clears the count, and every frame that was sent allows one ping
/// that may come late, when the client gets to that frame. The rest is abuse (gRPC proposal A8).
package struct PingEnforcement: Equatable {
  /// As grpc-core and grpc-go: the third early ping ends the connection.
  static let maximumStrikes = 2
  /// The least time between pings while no call is open, for clients that may not ping then.
  static let intervalWithoutCalls = TimeAmount.hours(2)

  /// HTTP/2's default size of a frame, in bytes.
  static let bytesPerPing = 16 << 10
  /// The most pings that may be outstanding in this way: as many as fill the windows of a fast client.
  static let maximumAllowance = 1000

  private let minimumInterval: TimeAmount
  private let permitsPingsWithoutCalls: Bool
  private var lastPing: NIODeadline?
  private var strikes = 0
  /// Frames sent that no ping has come for.
  private var allowance = 0

  package init(minimumInterval: TimeAmount, permitsPingsWithoutCalls: Bool) {
    self.minimumInterval = minimumInterval
    self.permitsPingsWithoutCalls = permitsPingsWithoutCalls
  }

  /// Something was sent on a stream.
  package mutating func sentFrame() {
    lastPing = nil
    strikes = 0
  }

  /// A message was sent, or handed to flow control to be sent as the client takes it.
  package mutating func sentMessage(bytes: Int) {
    sentFrame()
    allowance = min(Self.maximumAllowance, allowance + 1 + bytes / Self.bytesPerPing)
  }

  /// A PING or a further SETTINGS. Returns whether it is one too many.
  package mutating func received(now: NIODeadline, hasOpenCalls: Bool) -> Bool {
    let interval = hasOpenCalls || permitsPingsWithoutCalls ? minimumInterval : Self.intervalWithoutCalls
    defer { lastPing = now }
    guard let lastPing, now - lastPing < interval else { return false }
    if allowance > 0 {
      allowance -= 1
      return false
    }
    strikes += 1
    return strikes > Self.maximumStrikes
  }
}
