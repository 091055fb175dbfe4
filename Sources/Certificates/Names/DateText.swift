package import FoundationEssentials

/// Dates as people read them, in UTC: `2026-11-26T15:04:05Z`.
package enum DateText {
  package static func text(_ date: Date) -> String { date.formatted(Date.ISO8601FormatStyle()) }
}

extension Duration {
  /// In seconds, for `Date`.
  var timeInterval: TimeInterval {
    TimeInterval(components.seconds) + TimeInterval(components.attoseconds) * 1e-18
  }
}
