import FoundationEssentials

/// The time of day, for conditions and certificates; nothing else goes by it.
struct OperatorClock: Sendable {
  /// Seconds since 1970.
  var seconds: @Sendable () -> Int64

  static let system = OperatorClock { Int64(Date.now.timeIntervalSince1970) }

  /// As RFC 3339.
  var text: @Sendable () -> String {
    { [seconds] in Date(timeIntervalSince1970: Double(seconds())).formatted(.iso8601) }
  }
}
