import ArgumentParser
import FoundationEssentials

/// A moment as a person writes it: RFC 3339, or a time ago, such as `-90m`.
struct PointInTime: Equatable {
  let date: Date

  /// - Parameter now: what a time ago counts from.
  init(argument: String, now: Date = Date()) throws(ValidationError) {
    if argument.hasPrefix("-") {
      self.date = now - (try Self.seconds(argument.dropFirst(), of: argument))
      return
    }
    for withFraction in [false, true] {
      if let date = try? Date(argument, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: withFraction)) {
        self.date = date
        return
      }
    }
    throw Self.error(argument)
  }

  private static func seconds(_ text: Substring, of argument: String) throws(ValidationError) -> TimeInterval {
    let units: [Character: TimeInterval] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let last = text.last, let unit = units[last], let number = UInt32(text.dropLast()) else {
      throw Self.error(argument)
    }
    return TimeInterval(number) * unit
  }

  private static func error(_ argument: String) -> ValidationError {
    ValidationError(
      "'\(argument)' is no time: write it as 2026-11-21T15:04:05Z, or as a time ago with s, m, h or d, such as -90m")
  }
}
