import FoundationEssentials

/// The time of day, for conditions and certificates; nothing else goes by it.
struct OperatorClock: Sendable {
  /// Seconds since 1970.
  var seconds: @Sendable () -> Int64

  static let system = OperatorClock { Int64(Date.now.timeIntervalSince1970) }

  /// Of a time as RFC 3339.
  static func seconds(of text: String) -> Int64? {
    (try? Date(text, strategy: .iso8601)).map { Int64($0.timeIntervalSince1970) }
  }

  /// As RFC 3339.
  var text: @Sendable () -> String {
    { [seconds] in Date(timeIntervalSince1970: Double(seconds())).formatted(.iso8601) }
  }
}
