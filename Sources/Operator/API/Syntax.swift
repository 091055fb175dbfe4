import Certificates

/// What Kubernetes and certificates take for a name, an address or a key. The CRD says the same by patterns, as far as those can.
enum Syntax {
  /// RFC 1123: of a Service, a user, one part of a host's name.
  static func isLabel(_ text: String) -> Bool { text.utf8.count <= 63 && isNamePart(text[...]) }

  /// What most objects may be called.
  static func isObjectName(_ text: String) -> Bool {
    text.utf8.count <= 253 && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isNamePart)
  }

  /// The key of a label or an annotation: `zone`, `example.com/zone`.
  static func isKey(_ text: String) -> Bool {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.last, !name.isEmpty, isLabelValue(String(name)) else { return false }
    return parts.count == 1 || isObjectName(String(parts[0]))
  }

  /// The value of a label, which may be empty.
  static func isLabelValue(_ text: String) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return true }
    return text.utf8.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
      && text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
  }

  static func isIPAddress(_ text: String) -> Bool { (try? AlternativeName(ip: text)) != nil }

  /// A host that a certificate may be for, the first label of which may be `*`.
  static func isHostPattern(_ text: String) -> Bool { (try? AlternativeName(dns: text)) != nil }

  static func isHost(_ text: String) -> Bool { !text.hasPrefix("*") && isHostPattern(text) }

  /// An address and how many of its first bits count, such as `203.0.113.0/24`.
  static func isCIDR(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, case .ip(let bytes) = try? AlternativeName(ip: String(parts[0])),
      let length = number(parts[1])
    else { return false }
    return length <= bytes.count * 8
  }

  /// A length of time as logd reads it: `500ms`, `30s`, `10m`, `168h`, `7d`.
  static func isLogdDuration(_ text: String) -> Bool {
    let digits = text.prefix { $0.isASCII && $0.isNumber }
    guard let number = number(digits), number <= 1_000_000 else { return false }
    return ["ms", "s", "m", "h", "d"].contains(text.dropFirst(digits.count))
  }

  /// Digits alone: `Int` would take a sign.
  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) ? Int(text) : nil
  }

  private static func isNamePart(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    return isLowercaseOrDigit(first) && isLowercaseOrDigit(last)
      && text.utf8.allSatisfy { isLowercaseOrDigit($0) || $0 == UInt8(ascii: "-") }
  }

  private static func isLowercaseOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isLowercaseOrDigit(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
  }
}
