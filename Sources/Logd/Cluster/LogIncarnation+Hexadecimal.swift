import CommitLog

extension LogIncarnation {
  /// As the admin API writes it: 32 hexadecimal digits.
  var hexadecimal: String { Self.digits(high) + Self.digits(low) }

  /// nil unless the text is 32 hexadecimal digits. The hyphens of a UUID, as logs and `logctl log` show it, may be
  /// among them.
  init?(hexadecimal text: String) {
    let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
    guard digits.count == 32, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }),
      let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
      let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
    else { return nil }
    self.init(high: high, low: low)
  }

  private static func digits(_ value: UInt64) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: 16 - text.count) + text
  }
}
