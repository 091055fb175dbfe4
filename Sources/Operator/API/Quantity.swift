/// A Kubernetes quantity, such as `500m`, `1.5` or `10Gi`, as an exact number of thousandths. Two spellings of one
/// amount are equal: the API server stores `0.5` as `500m` and `1024Mi` as it came.
struct Quantity: Sendable, Hashable, Comparable {
  private let thousandths: Int64

  /// Nil for what is no quantity, is negative, finer than a thousandth, or above 9 Pi or so.
  init?(_ text: String) {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }),
      let scale = Self.scales[text.dropFirst(digits.count)]
    else { return nil }
    // 1.5Gi = 15 × 2^30 × 1000 / 10: multiply first, and insist on no remainder.
    let fraction = parts.count == 2 ? parts[1] : ""
    guard fraction.count <= 9, let number = Int64(parts[0] + fraction) else { return nil }
    let divisor = fraction.reduce(Int64(1)) { product, _ in product * 10 }
    let (high, low) = number.multipliedFullWidth(by: scale)
    guard high >= 0, high < divisor else { return nil }
    // Unsigned, for what needs 64 bits is still a quotient; as a signed one it would stop the process.
    let (quotient, remainder) = UInt64(divisor).dividingFullWidth((UInt64(high), low))
    guard remainder == 0, let thousandths = Int64(exactly: quotient) else { return nil }
    self.thousandths = thousandths
  }

  var isWhole: Bool { thousandths.isMultiple(of: 1000) }
  var isPositive: Bool { thousandths > 0 }

  static func < (left: Quantity, right: Quantity) -> Bool { left.thousandths < right.thousandths }

  /// In thousandths, by suffix.
  private static let scales: [Substring: Int64] = [
    "m": 1, "": 1000, "k": 1_000_000, "M": 1_000_000_000, "G": 1_000_000_000_000, "T": 1_000_000_000_000_000,
    "P": 1_000_000_000_000_000_000, "Ki": 1000 << 10, "Mi": 1000 << 20, "Gi": 1000 << 30, "Ti": 1000 << 40,
    "Pi": 1000 << 50,
  ]
}
