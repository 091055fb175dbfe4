import NIOCore

/// Lets one line into the log in a time, and counts those that it leaves out.
struct LogThrottle: Sendable {
  private let interval: TimeAmount
  private var quietUntil: NIODeadline?
  private var leftOut = 0

  init(interval: TimeAmount = .seconds(10)) { self.interval = interval }

  /// - Returns: how many were left out since the last line; nil: leave this one out.
  mutating func admit(at now: NIODeadline) -> Int? {
    if let quietUntil, now < quietUntil {
      leftOut += 1
      return nil
    }
    defer { leftOut = 0 }
    quietUntil = now + interval
    return leftOut
  }
}
