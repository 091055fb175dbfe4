package import NIOCore

/// The value of `grpc-timeout`: one to eight digits and a unit (gRPC over HTTP/2, "Timeout").
package enum TimeoutHeader {
  /// What a longer timeout is cut to: a hundred years. 99999999 hours do not fit in nanoseconds, and none of us waits.
  package static let longest = TimeAmount.hours(24 * 365 * 100)

  /// Returns `nil` if `value` is malformed.
  package static func parse(_ value: String) -> TimeAmount? {
    let characters = value.utf8
    guard (2...9).contains(characters.count), let unit = characters.last else { return nil }
    var amount: Int64 = 0
    for digit in characters.dropLast() {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      amount = amount * 10 + Int64(digit - UInt8(ascii: "0"))
    }
    let nanosecondsPerUnit: Int64
    switch unit {
    case UInt8(ascii: "n"): nanosecondsPerUnit = 1
    case UInt8(ascii: "u"): nanosecondsPerUnit = 1000
    case UInt8(ascii: "m"): nanosecondsPerUnit = 1_000_000
    case UInt8(ascii: "S"): nanosecondsPerUnit = 1_000_000_000
    case UInt8(ascii: "M"): nanosecondsPerUnit = 60 * 1_000_000_000
    case UInt8(ascii: "H"): nanosecondsPerUnit = 3600 * 1_000_000_000
    default: return nil
    }
    let (nanoseconds, overflow) = amount.multipliedReportingOverflow(by: nanosecondsPerUnit)
    return overflow ? longest : min(.nanoseconds(nanoseconds), longest)
  }
}
