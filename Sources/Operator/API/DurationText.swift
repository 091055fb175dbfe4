/// A length of time in whole seconds as Kubernetes writes it: `2160h`, `1h30m`, `30s`.
enum DurationText {
  /// The units in the order in which they may follow each other, with how many digits each may have: together less than
  /// the 292 years that CEL and Go can hold.
  private static let units: [(letter: Character, seconds: Int64, digits: Int)] = [
    ("h", 3600, 5), ("m", 60, 6), ("s", 1, 8),
  ]

  /// Nil for what is none.
  static func seconds(_ text: String) -> Int64? {
    var rest = text[...]
    var total: Int64 = 0
    for unit in units {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      guard rest.dropFirst(digits.count).first == unit.letter else { continue }
      guard digits.count <= unit.digits, let number = Int64(digits) else { return nil }
      total += number * unit.seconds
      rest = rest.dropFirst(digits.count + 1)
    }
    return rest.isEmpty && !text.isEmpty ? total : nil
  }
}
