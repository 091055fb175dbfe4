import CommitLog
import Raft

/// A node's clocks: the one for time-outs runs a little fast or slow, the one for people jumps besides.
struct NodeClock {
  /// Its nanoseconds in a million of ours.
  let rate: UInt64
  /// Machines do not begin at the same number.
  let offset: UInt64
  /// Of the wall clock, microseconds.
  var jump: Int64 = 0

  private static let million: UInt64 = 1_000_000
  /// Of the wall clock when the run begins: some day in 2026.
  private static let wallStart: Int64 = 1_780_000_000_000_000

  private func local(_ time: VirtualTime) -> UInt64 {
    let (high, low) = time.nanoseconds.multipliedFullWidth(by: rate)
    return offset + Self.million.dividingFullWidth((high, low)).quotient
  }

  func moment(at time: VirtualTime) -> Moment {
    let local = local(time)
    return Moment(
      instant: Instant(nanoseconds: local),
      time: Timestamp(microseconds: Self.wallStart + Int64(local / 1000) + jump))
  }

  /// When its clock shows that.
  func time(of instant: Instant) -> VirtualTime {
    guard instant.nanoseconds > offset else { return .zero }
    let (high, low) = (instant.nanoseconds - offset).multipliedFullWidth(by: Self.million)
    // Rounded up: at that time the instant has come.
    return VirtualTime(nanoseconds: rate.dividingFullWidth((high, low)).quotient + 1)
  }
}
