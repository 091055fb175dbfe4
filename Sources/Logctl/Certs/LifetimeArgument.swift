import ArgumentParser

/// A lifetime as a person writes it, such as `90d`.
struct LifetimeArgument: Equatable {
  let duration: Duration

  /// A century: more is a mistake.
  private static let maximumSeconds: Int64 = 100 * 365 * 86_400

  init(argument: String) throws(ValidationError) {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    guard let last = argument.last, let unit = units[last], let number = UInt32(argument.dropLast()), number > 0,
      Int64(number) * unit <= Self.maximumSeconds
    else {
      throw ValidationError("'\(argument)' is no lifetime: write a number and d, h, m or s, such as 90d")
    }
    duration = .seconds(Int64(number) * unit)
  }
}
