import FoundationEssentials

/// A moment as Leases write it: `2006-01-02T15:04:05.000000Z`, always with six digits. The API server refuses others.
package struct MicroTime: Sendable, Hashable, CustomStringConvertible {
  private static let perSecond: Int64 = 1_000_000

  package var microsecondsSince1970: Int64

  package init(microsecondsSince1970: Int64) { self.microsecondsSince1970 = microsecondsSince1970 }

  package static var now: MicroTime {
    MicroTime(microsecondsSince1970: Int64((Date.now.timeIntervalSince1970 * Double(perSecond)).rounded(.down)))
  }

  package var description: String {
    var (seconds, fraction) = microsecondsSince1970.quotientAndRemainder(dividingBy: Self.perSecond)
    if fraction < 0 {
      seconds -= 1
      fraction += Self.perSecond
    }
    // Foundation's own fractions end at milliseconds.
    let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601).dropLast()
    let digits = String(fraction)
    return "\(whole).\(String(repeating: "0", count: 6 - digits.count))\(digits)Z"
  }
}
