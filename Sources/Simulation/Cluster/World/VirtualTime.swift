/// Nanoseconds since the run began. No node sees this clock.
package struct VirtualTime: Hashable, Comparable, Sendable, CustomStringConvertible {
  package var nanoseconds: UInt64

  package static let zero = VirtualTime(nanoseconds: 0)

  package static func < (left: Self, right: Self) -> Bool { left.nanoseconds < right.nanoseconds }
  static func + (time: Self, nanoseconds: UInt64) -> Self { VirtualTime(nanoseconds: time.nanoseconds + nanoseconds) }

  /// Seconds and six digits: `12.345678`.
  package var description: String {
    let digits = String(nanoseconds / 1000 % 1_000_000)
    return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 6 - digits.count) + digits
  }
}

extension UInt64 {
  static func microseconds(_ count: UInt64) -> UInt64 { count * 1000 }
  static func milliseconds(_ count: UInt64) -> UInt64 { count * 1_000_000 }
  static func seconds(_ count: UInt64) -> UInt64 { count * 1_000_000_000 }
}
