package import NIOCore

/// Lets one line of a kind into the log in a time, and counts those that it leaves out.
package struct LogThrottle: Hashable, Sendable {
  package let interval: TimeAmount
  private var quietUntil: NIODeadline?
  private var leftOut = 0

  package init(interval: TimeAmount = .seconds(10)) {
    self.interval = interval
  }

  /// - Returns: how many were left out since the last line; nil: leave this one out.
  package mutating func admit(at now: NIODeadline) -> Int? {
    if let quietUntil, now < quietUntil {
      leftOut += 1
      return nil
    }
    defer { leftOut = 0 }
    quietUntil = now + interval
    return leftOut
  }

  /// The next line passes.
  package mutating func reset() { quietUntil = nil }
}
